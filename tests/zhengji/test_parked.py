"""zhengji parked, dead and breaker: what each line of an operator comes to, on the real MongoDB."""

from __future__ import annotations

import functools
import getpass
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import mongoengine
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from shared.clock import system_clock
from shared.events.wire import Heard, Message
from shared.messaging.failures import Failure
from shared.messaging.parking import ParkedRows
from shared.messaging.port import Received
from shared.records import Database
from shared.records.audit import AuditTrail
from tests.conftest import setting
from tests.faults.diaries import TOPIC, Listening, OwnMemory, event
from zhengji import breaker, choosing, dead, parked

APPS = {"parked": parked.app, "dead": dead.app, "breaker": breaker.app}
SECRET = b'{"mobile": "13800000000"}'


@dataclass
class Desk:
    """A review service in which things went wrong, and the command line beside it."""

    listening: Listening

    def say(self, line: str, *, answer: str = "") -> Result:
        kind, *arguments = line.split()
        arguments = [each.replace("_", " ") if each.startswith("because") else each for each in arguments]
        return CliRunner().invoke(APPS[kind], [*arguments, "--var", os.environ["ZHENGJI_STACK"]], input=answer)

    def json(self, line: str) -> list[dict[str, Any]]:
        result = self.say(line)
        assert (result.exit_code, result.stderr) == (0, ""), result.output
        return [json.loads(each) for each in result.stdout.splitlines()]

    @property
    def record(self) -> list[tuple[str, str, str, str]]:
        entries = AuditTrail(self.listening.database).entries()
        return [(each["by"], each["what"], each["about"], each["why"]) for each in entries]

    def ids(self, kind: str = "parked", line: str = "") -> list[str]:
        return [row["_id"] for row in self.json(f"{kind} list --json {line}")]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    prefix = f"t_{uuid.uuid4().hex[:10]}"
    monkeypatch.setenv("ZHENGJI_MONGO_PREFIX", prefix)
    monkeypatch.setenv("ZHENGJI_SECRET_KEY", "x" * 32)
    monkeypatch.setenv("COLUMNS", "300")
    database = Database("review", uri=setting("MONGO_URI"), prefix=prefix)
    mongoengine.connection._connections.pop("review")  # the command opens its own under the service's name
    listening = Listening(database, OwnMemory(), indexes=False)
    listening.group = "review"
    listening.clock.at = system_clock()
    with capture_logs():
        go_wrong(listening)
        yield Desk(listening)
    listening.close()
    database.client.drop_database(database.db.name)
    database.client.close()


def go_wrong(listening: Listening) -> None:
    """Parked: three events of k0, two of k1, one that holds contact data; dead: two."""

    def fail(heard: Heard) -> None:
        raise (ZeroDivisionError if heard.subject == "k0" else KeyError)("a bug")

    listening.trouble = fail
    keys = ("k0", "k1", "k0", "k1", "k0")
    listening.bus.tell([event(key, number // 2 + 1) for number, key in enumerate(keys)])
    listening.bus.tell([Message(TOPIC, None, b"not json"), Message(TOPIC, None, b"\xff\xfe")])
    listening.begin().step()
    rows = ParkedRows(listening.database, "review", clock=lambda: system_clock() - timedelta(hours=3))
    restricted = Received(Message("intake.restricted", b"k9", SECRET), 0, 0)
    rows.park(restricted, key=b"k9", failure=Failure("OldBug", "long ago"), tries=1)


PARKED = 6

# A line, what it exits with, what stands in its answer, and how many rows are asked for or dropped afterwards.
LINES: list[tuple[str, int, str, int]] = [
    ("parked list", 0, "6 parked", 0),
    ("parked list --service review", 0, "6 parked", 0),
    ("parked list --service notify", 0, "0 parked", 0),
    ("parked list --service nobody", 2, "There is no service 'nobody'; the services are intake, validation,", 0),
    ("parked list --key k0", 0, "3 parked", 0),
    ("parked list --topic intake.restricted", 0, "1 parked", 0),
    ("parked list --error zerodivision", 0, "1 parked", 0),
    ("parked list --error LONG", 0, "1 parked", 0),
    ("parked list --error .*", 0, "0 parked", 0),
    ("parked list --older-than 2h", 0, "1 parked", 0),
    ("parked list --older-than 1d", 0, "0 parked", 0),
    ("parked list --older-than soon", 2, "--older-than 'soon' is no time; write it as 90s, 15m, 2h or 3d.", 0),
    ("parked list --limit 2", 0, "2 parked, and more: --limit 0 shows all", 0),
    (
        "parked show review/intake.open/9/9",
        1,
        "There is no parked event review/intake.open/9/9; see `zhengji parked",
        0,
    ),
    ("parked show nobody/x", 1, "'nobody/x' is no id: ids begin with a service", 0),
    ("parked replay", 2, "Say which: ids, a filter (--service,", 0),
    ("parked replay review/x --key k0", 2, "Give ids or filters, not both.", 0),
    ("parked replay review/x", 1, "There is no parked event review/x", 0),
    ("parked replay --key k0", 0, "review: 3 events of 1 keys will be tried again\n", 3),
    ("parked replay --key nothing", 0, "review: 0 events of 0 keys will be tried again\n", 0),
    ("parked replay --error KeyError", 0, "review: 2 events of 1 keys will be tried again\n", 2),
    ("parked replay --all", 0, "review: 6 events of 3 keys will be tried again\n", 6),
    ("parked replay --all --dry-run", 0, "review: 6 events of 3 keys would be tried again", 0),
    (
        "parked replay --service review --per-second 0.5",
        0,
        "6 events of 3 keys will be tried again, the last in 10 s",
        6,
    ),
    ("parked replay --all --per-second -1", 2, "Invalid value for", 0),
    ("parked drop --key k0", 2, "Missing option '--why'", 0),
    ("parked drop --key k0 --yes --why because_", 0, "review: 3 events of 1 keys will be dropped", 3),
    ("parked drop --key k0 --dry-run --why because_", 0, "review: 3 events of 1 keys would be dropped", 0),
    ("parked drop --key k0 --why because_", 1, "What 3 events of 1 keys tell will never have its effect in review", 0),
    ("parked drop --key none --why because_", 0, "review: 0 events", 0),
    ("dead list", 0, "2 dead", 0),
    ("dead list --error json", 0, "2 dead", 0),
    ("dead list --key k0", 0, "0 dead", 0),
    ("dead show review/x", 1, "There is no dead event review/x; see `zhengji dead list`.", 0),
    ("dead replay --all", 0, "review: 2 events of 1 keys will be tried again", 2),
    ("dead replay --all --dry-run", 0, "review: 2 events of 1 keys would be tried again", 0),
    ("dead drop --all --why because_ --yes", 0, "review: 2 events of 1 keys will be dropped", 2),
    ("dead drop --all --why because_", 1, "Drop?", 0),
    ("dead drop review/x --why because_ --yes", 1, "There is no dead event review/x", 0),
    ("breaker list", 0, "review       listens", 0),
    ("breaker resume review", 0, "review was not standing still", 0),
    ("breaker resume nobody", 2, "There is no service 'nobody'", 0),
]


@pytest.mark.parametrize(("line", "code", "said", "marked"), LINES, ids=[each[0] for each in LINES])
def test_line(desk: Desk, line: str, code: int, said: str, marked: int) -> None:
    result = desk.say(line)
    assert result.exit_code == code, result.output
    assert said in (result.stderr if code else result.stdout)
    assert "Traceback" not in result.output
    flags = {"$or": [{name: {"$exists": True}} for name in ("asked", "drop", "dropped")]}
    assert marked == sum(rows.count_documents(flags) for rows in (desk.listening.parked, desk.listening.dead))
    assert bool(desk.record) == bool(marked), "what changes something is on the record, and nothing else"


def test_list_gives_programs_a_line_for_each_row_without_its_content(desk: Desk) -> None:
    rows = desk.json("parked list --json --key k0")
    assert [(row["key"], row["tries"], row["error_class"]) for row in rows] == [
        ("k0", 1, "ZeroDivisionError"),
        ("k0", 0, ""),
        ("k0", 0, ""),
    ]
    assert not {"value", "headers", "trace"} & rows[0].keys()


def test_show_gives_all_there_is(desk: Desk) -> None:
    (row,) = desk.json(f"parked show {desk.ids(line='--error KeyError')[0]} --json")
    assert row["error"] == "'a bug'" and row["trace"].startswith("Traceback")
    assert row["traceparent"].startswith("00-") and json.loads(row["value"])["subject"] == "k1"
    pretty = desk.say(f"dead show {desk.ids('dead')[0]}")
    assert json.loads(pretty.stdout)["tries"] == 1


def test_contact_data_are_shown_only_for_the_record(desk: Desk) -> None:
    (id_,) = desk.ids(line="--topic intake.restricted")
    (row,) = desk.json(f"parked show {id_} --json")
    assert "13800000000" not in json.dumps(row) and desk.record == []
    (row,) = desk.json(f"parked show {id_} --json --reveal --by Li --why because_asked")
    assert row["value"].encode() == SECRET
    assert desk.record == [("运维：Li", "查看受限内容", id_, "because asked")]


def test_what_is_asked_for_is_done_by_the_worker_once_and_stands_on_the_record(desk: Desk) -> None:
    desk.listening.trouble = lambda heard: None
    desk.listening.loops[0].step()
    assert desk.listening.effects == []
    for expected in (5, 0):
        said = desk.json("parked replay --topic intake.open --json")
        assert [each["rows"] for each in said if each["service"] == "review"] == [expected]
    desk.listening.clock.at = system_clock()
    desk.listening.turn_until(lambda: desk.listening.waiting() == 1)
    assert (desk.listening.lines("k0"), desk.listening.lines("k1")) == ([1, 2, 3], [1, 2])
    desk.say("parked replay --topic intake.open")
    desk.listening.loops[0].step()
    assert len(desk.listening.effects) == 5
    ((by, what, about, why),) = desk.record
    assert (by, what, why) == (f"运维：{getpass.getuser()}", "重新处理暂存事件", "[topic=intake.open] 5")
    assert about.endswith(" +4")


def test_a_drop_is_an_entry_for_each_event_with_its_error(desk: Desk) -> None:
    first, second, third = desk.ids(line="--key k0")
    assert desk.say(f"parked drop {first} {third} --why because_lost --by Li", answer="y\n").exit_code == 0
    assert desk.say(f"parked drop {first} {third} --why because_lost --by Li --yes").exit_code == 0, "twice"
    assert desk.record == [
        ("运维：Li", "放弃暂存事件", third, "because lost [: waits behind an earlier record of its key]"),
        ("运维：Li", "放弃暂存事件", first, "because lost [ZeroDivisionError: a bug]"),
    ]
    desk.listening.trouble = lambda heard: None
    desk.listening.clock.at = system_clock()
    desk.listening.turn_until(lambda: not desk.listening.rows_of("k0"))
    assert desk.listening.lines("k0") == [2]
    assert AuditTrail(desk.listening.database).verify() is None
    assert second not in desk.ids()


def test_a_dead_record_that_was_dropped_is_gone_but_for_its_trace(desk: Desk) -> None:
    ids = desk.ids("dead")
    assert desk.say(f"dead drop {ids[0]} --why because_noise --yes").exit_code == 0
    assert desk.ids("dead") == ids[1:]
    (row,) = desk.json(f"dead show {ids[0]} --json")
    assert "value" not in row and row["dropped"]["by"] == getpass.getuser()
    assert desk.say(f"dead drop {ids[0]} --why because_noise --yes").exit_code == 1
    assert len(desk.record) == 1


def test_a_listener_that_stopped_itself_goes_on_by_command(desk: Desk) -> None:
    desk.listening.leave(desk.listening.loops[0])
    desk.listening.begin(breaker_limit=3)
    desk.listening.bus.tell([event(f"n{number}", 1) for number in range(5)])
    desk.listening.turn_until(lambda: desk.listening.operator().breaker() is not None)
    assert "review       stands still since" in desk.say("breaker list").stdout
    (state,) = [each for each in desk.json("breaker list --json") if each["open"]]
    assert (state["service"], state["why"]) == ("review", "3 records in a row could not be taken")
    desk.listening.trouble = lambda heard: None
    assert desk.json("breaker resume review --json --why because_mended") == [{"service": "review", "resumed": True}]
    assert desk.json("breaker resume review --json") == [{"service": "review", "resumed": False}]
    desk.listening.let_pass(timedelta(hours=1))
    desk.listening.turn_until(lambda: len(desk.listening.effects) == 10)
    ((_, what, about, why),) = desk.record
    assert (what, about) == ("恢复监听", "breaker/review")
    assert why == "because mended [3 records in a row could not be taken]"


def test_a_mongodb_that_does_not_answer_is_said_in_one_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_MONGO_URI", "mongodb://127.0.0.1:1/?replicaSet=rs0")
    monkeypatch.setattr(choosing, "Database", functools.partial(Database, patience_ms=300))
    for line in ("parked list", "parked replay --all", "dead list", "breaker resume review"):
        result = desk.say(line)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("mongodb is away: ") and result.stderr.count("\n") == 1


def test_a_uri_that_is_none_is_said_in_one_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_MONGO_URI", "mongodb://")
    result = desk.say("parked list")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
