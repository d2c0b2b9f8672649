"""What the programs of a stack are told, and what a person may set."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nacl.public
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.given import for_services, others, without_sourced
from deploy.local.keys import keys
from deploy.local.memory import check_memory
from deploy.local.places import places
from deploy.local.settings_file import read_settings, write_settings
from deploy.local.stack import alone, servers_here
from deploy.local.trouble import CannotGoOn

AWKWARD = {
    "ZHENGJI_A": 'it\'s $HOME `x` \\ "q" #',
    "ZHENGJI_B": '[{"kid": "1"}]',
    "ZHENGJI_C": "",
    "ZHENGJI_D": "征集 平台",
}


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_settings(tmp_path / "stack.env", AWKWARD, note="for a test")

    assert read_settings(tmp_path / "stack.env") == AWKWARD


def test_a_shell_reads_the_same(tmp_path: Path) -> None:
    write_settings(tmp_path / "stack.env", AWKWARD, note="for a test")

    script = f'set -a; . {tmp_path}/stack.env; printf "%s\\0" "$ZHENGJI_A" "$ZHENGJI_B" "$ZHENGJI_C" "$ZHENGJI_D"'
    read = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={}).stdout

    assert read.split("\0")[:-1] == list(AWKWARD.values())


def test_settings_are_for_the_owner_only(tmp_path: Path) -> None:
    write_settings(tmp_path / "stack.env", AWKWARD, note="for a test")

    assert (tmp_path / "stack.env").stat().st_mode & 0o077 == 0


def test_keys_stay_the_same_and_are_for_the_owner_only(tmp_path: Path) -> None:
    assert keys(tmp_path) == keys(tmp_path)
    assert [file.name for file in tmp_path.iterdir() if file.stat().st_mode & 0o077] == []


def test_only_intake_signs_for_authors_and_only_review_for_staff(tmp_path: Path) -> None:
    private = keys(tmp_path).private

    assert {name for name, known in private.items() if "ZHENGJI_AUTHOR_SIGNING_KEY" in known} == {"intake"}
    assert {name for name, known in private.items() if "ZHENGJI_RECEIPT_SIGNING_KEY" in known} == {"intake"}
    assert {name for name, known in private.items() if "ZHENGJI_STAFF_SIGNING_KEY" in known} == {"review"}
    assert {name for name, known in private.items() if "ZHENGJI_LETTER_PRIVATE_KEY" in known} == {"notify"}
    assert len({known["ZHENGJI_SECRET_KEY"] for known in private.values()}) == 5


@pytest.mark.parametrize(("service", "who"), [("intake", "AUTHOR"), ("review", "STAFF")])
def test_what_one_signs_the_others_can_check(tmp_path: Path, service: str, who: str) -> None:
    made = keys(tmp_path)
    signing = json.loads(made.private[service][f"ZHENGJI_{who}_SIGNING_KEY"])
    (public,) = json.loads(made.common[f"ZHENGJI_{who}_PUBLIC_KEYS"])

    private = Ed25519PrivateKey.from_private_bytes(_raw(signing["key"]))
    private.public_key().verify(private.sign(b"x"), b"x")
    assert signing["kid"] == public["kid"]
    assert private.public_key().public_bytes_raw() == _raw(public["key"])


def test_what_review_seals_only_notify_opens(tmp_path: Path) -> None:
    made = keys(tmp_path)
    public = nacl.public.PublicKey(_raw(made.common["ZHENGJI_LETTER_PUBLIC_KEY"]))
    sealed = nacl.public.SealedBox(public).encrypt(b"code")

    opener = nacl.public.PrivateKey(_raw(made.private["notify"]["ZHENGJI_LETTER_PRIVATE_KEY"]))
    assert nacl.public.SealedBox(opener).decrypt(sealed) == b"code"


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def test_a_sourced_settings_file_does_not_make_its_servers_external() -> None:
    sourced = {"ZHENGJI_STACK": "/x", "ZHENGJI_MONGO_URI": "mongodb://x", "ZHENGJI_VAR": "var/test", "PATH": "/bin"}

    assert without_sourced(sourced) == {"ZHENGJI_VAR": "var/test", "PATH": "/bin"}


def test_a_server_that_a_setting_points_to_is_not_ours() -> None:
    given = {"ZHENGJI_MONGO_URI": "mongodb://db.example", "ZHENGJI_S3_ENDPOINT": "https://s3.example"}

    assert [server.name for server in servers_here(given)] == ["kafka", "mail"]
    assert [server.name for server in servers_here(without_sourced({}))] == ["mongodb", "kafka", "minio", "mail"]


def test_a_persons_settings_reach_the_services_but_secrets_of_one_do_not_reach_all() -> None:
    environ = {"ZHENGJI_LOG_LEVEL": "DEBUG", "ZHENGJI_VAR": "x", "ZHENGJI_PORT_KAFKA": "1", "ZHENGJI_SECRET_KEY": "s"}

    assert for_services(environ, private={"ZHENGJI_SECRET_KEY"}) == {"ZHENGJI_LOG_LEVEL": "DEBUG"}
    assert others({**environ, "HOME": "/h", "MINIO_ROOT_USER": "u"}) == {"HOME": "/h"}


def test_too_little_memory_is_said_before_anything_starts() -> None:
    with pytest.raises(CannotGoOn) as caught:
        check_memory(["kafka", "mongodb"], {}, free_mb=300)

    assert str(caught.value) == (
        "The servers need about 1300 MB of memory and only 300 MB are free; "
        "close other programs, or set ZHENGJI_SKIP_MEMORY_CHECK=1 to try anyway."
    )
    check_memory(["kafka", "mongodb"], {"ZHENGJI_SKIP_MEMORY_CHECK": "1"}, free_mb=300)
    check_memory(["kafka", "mongodb"], {}, free_mb=1300)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    with alone(places({"ZHENGJI_VAR": str(tmp_path), "ZHENGJI_CACHE": str(tmp_path)})):
        yield tmp_path


def test_a_second_command_on_the_same_stack_is_told_to_wait(held: Path) -> None:
    here = places({"ZHENGJI_VAR": str(held), "ZHENGJI_CACHE": str(held)})

    with pytest.raises(CannotGoOn) as caught, alone(here):
        pass

    assert str(caught.value) == "Another command is working on this stack; wait until it has ended."


@pytest.mark.parametrize(
    ("environ", "var", "cache"),
    [
        ({"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "var", "/c/zhengji"),
        ({"ZHENGJI_VAR": "var/test", "ZHENGJI_CACHE": "/z"}, "var/test", "/z"),
        ({"ZHENGJI_VAR": "/elsewhere", "ZHENGJI_CACHE": "/z"}, "/elsewhere", "/z"),
    ],
)
def test_where_things_go(environ: dict[str, str], var: str, cache: str) -> None:
    found = places(environ)

    assert found.var == found.root / var
    assert str(found.cache) == cache
