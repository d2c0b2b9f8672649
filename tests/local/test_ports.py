"""Which port a program gets."""

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local.ports import Ports, is_free
from deploy.local.trouble import CannotGoOn


def ports(folder: Path, *, taken: tuple[int, ...] = (), main: bool = True, environ: Mapping[str, str] = {}) -> Ports:
    return Ports(folder / "ports.json", well_known=main, environ=environ, free=lambda port: port not in taken)


def test_the_main_stack_gets_the_well_known_port(tmp_path: Path) -> None:
    assert ports(tmp_path).choose("kafka", 9092) == 9092


def test_a_taken_port_is_passed_over_for_one_below_the_kernels_own(tmp_path: Path) -> None:
    chosen = ports(tmp_path, taken=(9092,)).choose("kafka", 9092)

    assert 20000 <= chosen < 32000


def test_a_restart_keeps_its_port_even_when_the_well_known_one_is_free_again(tmp_path: Path) -> None:
    first = ports(tmp_path, taken=(9092,)).choose("kafka", 9092)

    assert ports(tmp_path).choose("kafka", 9092) == first


def test_a_running_program_keeps_its_port_though_it_is_taken_by_itself(tmp_path: Path) -> None:
    ports(tmp_path).choose("kafka", 9092)

    assert ports(tmp_path, taken=(9092,)).choose("kafka", 9092, running=True) == 9092


def test_two_names_never_share_a_port(tmp_path: Path) -> None:
    some = ports(tmp_path, taken=(9000,))

    assert len({some.choose(f"server-{number}", 9000) for number in range(150)}) == 150


def test_two_other_stacks_get_blocks_apart(tmp_path: Path) -> None:
    chosen = []
    for name in ("test", "second"):
        (tmp_path / name).mkdir()
        chosen.append(ports(tmp_path / name, main=False).choose("kafka", 9092))

    assert len(set(chosen)) == 2
    assert 9092 not in chosen


def test_a_fixed_port_is_used(tmp_path: Path) -> None:
    assert ports(tmp_path, environ={"ZHENGJI_PORT_KAFKA": "9999"}).choose("kafka", 9092) == 9999


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("9999", "kafka cannot use port 9999: another program holds it; free it, or change ZHENGJI_PORT_KAFKA."),
        ("http", "ZHENGJI_PORT_KAFKA must be a port number between 1 and 65535, and is 'http'."),
        ("0", "ZHENGJI_PORT_KAFKA must be a port number between 1 and 65535, and is '0'."),
        ("65536", "ZHENGJI_PORT_KAFKA must be a port number between 1 and 65535, and is '65536'."),
    ],
)
def test_a_fixed_port_that_cannot_be_had_is_said_and_not_replaced(tmp_path: Path, given: str, sentence: str) -> None:
    with pytest.raises(CannotGoOn) as caught:
        ports(tmp_path, taken=(9999,), environ={"ZHENGJI_PORT_KAFKA": given}).choose("kafka", 9092)

    assert str(caught.value) == sentence


def test_when_everything_is_taken_one_sentence_says_so(tmp_path: Path) -> None:
    none = Ports(tmp_path / "ports.json", well_known=True, environ={}, free=lambda port: False)

    with pytest.raises(CannotGoOn) as caught:
        none.choose("kafka", 9092)

    expected = "No port between 20000 and 31999 is free for kafka; stop another stack with `make down`."
    assert str(caught.value) == expected


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        assert not is_free(listener.getsockname()[1])
