"""The one versioned write, on the real MongoDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from pymongo.collection import Collection

from shared.events.wire import Heard
from shared.records import Database, Records
from shared.records.database import Row
from shared.telemetry.correlation import following
from shared.trouble import Conflict, NotThere, Refused
from tests.shared.model import NOON, Apple, Basket, BasketRecord, Mood, submitted


@pytest.fixture
def baskets(database: Database) -> Records[Basket]:
    database.collection("baskets").create_index(
        "owner", unique=True, name="one_owner", partialFilterExpression={"owner": {"$gt": ""}}
    )
    return Records(
        database,
        document=BasketRecord,
        aggregate=Basket,
        unique={"one_owner": Refused("taken", "已有人使用。", field="owner")},
    )


def heard(seq: int, *, epoch: int = 1, subject: str = "case-1") -> Heard:
    return Heard(
        id=f"e{seq}",
        event=submitted(subject, seq),
        type="zhengji.intake.CaseSubmitted.v1",
        topic="intake.open",
        subject=subject,
        seq=seq,
        epoch=epoch,
        key=subject,
        time=NOON,
        correlation="c",
    )


def test_what_is_kept_comes_back_whole(baskets: Records[Basket]) -> None:
    basket = Basket(
        id="b",
        owner="李明",
        count=3,
        mood=Mood.BUSY,
        apples=(Apple(weight=2, bought=datetime(2024, 1, 1, tzinfo=UTC)),),
        notes={"a.b$c": "x%2E"},
        emptied=NOON,
    )
    baskets.create(basket)
    assert baskets.get("b") == basket


def test_state_and_news_are_one_write(database: Database, baskets: Records[Basket]) -> None:
    baskets.create(Basket(id="b"))
    baskets.change("b", lambda basket: basket.put(5))
    row = database.collection("baskets").find_one({"_id": "b"})
    assert row is not None
    assert (row["count"], row["version"], row["told"]) == (5, 2, {"intake:open": 1})
    assert [(entry["topic"], entry["seq"], entry["key"]) for entry in row["outbox"]] == [("intake.open", 1, "b")]


def test_a_refusal_keeps_nothing(database: Database, baskets: Records[Basket]) -> None:
    baskets.create(Basket(id="b", limit=1))
    with pytest.raises(Refused):
        baskets.change("b", lambda basket: (basket.put(1), basket.put(1)))
    assert baskets.get("b").count == 0


def test_a_write_sends_what_changed_and_leaves_what_it_does_not_know(
    database: Database, baskets: Records[Basket]
) -> None:
    baskets.create(Basket(id="b", owner="李明"))
    rows = database.collection("baskets")
    rows.update_one({"_id": "b"}, {"$set": {"of_a_newer_release": 1}})
    baskets.change("b", lambda basket: basket.put(5))
    row = rows.find_one({"_id": "b"})
    assert row is not None
    assert (row["count"], row["owner"], row["of_a_newer_release"]) == (5, "李明", 1)


def test_a_field_that_became_none_is_unset(database: Database, baskets: Records[Basket]) -> None:
    baskets.create(Basket(id="b", emptied=NOON))

    def forget(basket: Basket) -> None:
        basket.emptied = None

    baskets.change("b", forget)
    assert baskets.get("b").emptied is None


def test_eight_writers_lose_no_change_and_leave_no_gap(database: Database, baskets: Records[Basket]) -> None:
    baskets.create(Basket(id="b"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: baskets.change("b", lambda basket: basket.put()), range(80)))
    row = database.collection("baskets").find_one({"_id": "b"})
    assert row is not None
    assert row["count"] == 80
    assert [entry["seq"] for entry in row["outbox"]] == list(range(1, 81))


def test_a_known_command_gets_its_first_answer_again(baskets: Records[Basket]) -> None:
    baskets.create(Basket(id="b"))
    first = baskets.change("b", lambda basket: basket.put(2), command="cmd")
    assert baskets.change("b", lambda basket: basket.put(2), command="cmd") == first == 2
    assert baskets.get("b").count == 2


def test_a_change_may_begin_with_a_new_aggregate(baskets: Records[Basket]) -> None:
    with pytest.raises(NotThere):
        baskets.change("b", lambda basket: basket.put())

    def put(number: int) -> None:
        baskets.change("b", lambda basket: basket.put(), create=lambda: Basket(id="b"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(8)))
    assert baskets.get("b").count == 8


def test_a_refused_change_keeps_no_new_aggregate(baskets: Records[Basket]) -> None:
    def refuse(basket: Basket) -> None:
        raise Refused("no", "不可以。")

    with pytest.raises(Refused):
        baskets.change("b", refuse, create=lambda: Basket(id="b"))
    assert baskets.find("b") is None


def test_a_command_that_made_its_aggregate_is_known_afterwards(baskets: Records[Basket]) -> None:
    def put() -> object:
        return baskets.change("b", lambda basket: basket.put(), command="c1", create=lambda: Basket(id="b"))

    assert put() == put()
    assert baskets.get("b").count == 1


def test_creating_twice_by_one_command_is_once_and_by_another_is_a_conflict(baskets: Records[Basket]) -> None:
    assert baskets.create(Basket(id="b"), command="one", answer={"id": "b"}) == {"id": "b"}
    assert baskets.create(Basket(id="b"), command="one", answer={"id": "b"}) == {"id": "b"}
    with pytest.raises(Conflict):
        baskets.create(Basket(id="b"), command="two")


def test_a_unique_index_speaks_with_its_own_refusal(baskets: Records[Basket]) -> None:
    baskets.create(Basket(id="b", owner="o"))
    with pytest.raises(Refused) as refusal:
        baskets.create(Basket(id="c", owner="o"))
    assert (refusal.value.code, refusal.value.field) == ("taken", "owner")


def test_what_is_not_there_is_said(baskets: Records[Basket]) -> None:
    with pytest.raises(NotThere):
        baskets.get("nobody")


def test_a_repeat_of_an_event_changes_nothing(baskets: Records[Basket]) -> None:
    for seq in (1, 2, 2, 1, 3):
        baskets.hear(heard(seq), "b", lambda basket: basket.put(), create=lambda: Basket(id="b"))
    assert baskets.get("b").count == 3


class OldRows:
    """Reads as a server answers them that was primary and does not know yet that it is no more: one row, or none."""

    def __init__(self, rows: Collection[Row], old: Row | None) -> None:
        self._rows, self._old = rows, old

    def find_one(self, query: Row, *_: object) -> Row | None:
        if self._old is None or query["_id"] != self._old["_id"] or "version" in query:
            return None
        return dict(self._old)

    def __getattr__(self, name: str) -> object:
        return getattr(self._rows, name)


def out_of_date(records: Records[Basket], monkeypatch: pytest.MonkeyPatch) -> Collection[Row]:
    """Basket b holds two, and plain reads say one; gives the rows as they are."""
    records.create(Basket(id="b", count=1))
    rows = records._rows
    old = rows.find_one({"_id": "b"}, {"outbox": 0})
    assert old is not None
    monkeypatch.setattr(records, "_rows", OldRows(rows, old))
    rows.update_one({"_id": "b"}, {"$set": {"count": 2}, "$inc": {"version": 1}})
    return rows


def test_that_nothing_is_to_be_done_must_hold_of_the_newest_state(
    baskets: Records[Basket], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = out_of_date(baskets, monkeypatch)
    seen: list[int] = []

    def one_apple(basket: Basket) -> None:
        seen.append(basket.count)
        basket.count = 1
        if len(seen) == 2:
            monkeypatch.setattr(baskets, "_rows", real)  # by now the old server knows

    baskets.change("b", one_apple)
    assert seen[:2] == [1, 1]
    assert baskets.get("b").count == 1
    assert seen[-1] == 2, "it was done on the newest state"


def test_the_newest_is_read_where_plain_reads_are_out_of_date(
    baskets: Records[Basket], monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_date(baskets, monkeypatch)
    assert (baskets.get("b").count, baskets.newest("b").count) == (1, 2)
    with pytest.raises(NotThere):
        baskets.newest("c")


def test_an_event_is_not_passed_over_because_a_plain_read_does_not_know_the_document_yet(
    baskets: Records[Basket], monkeypatch: pytest.MonkeyPatch
) -> None:
    baskets.create(Basket(id="b"))
    rows = baskets._rows
    monkeypatch.setattr(baskets, "_rows", OldRows(rows, None))
    assert baskets.hear(heard(1), "b", lambda basket: basket.put())
    monkeypatch.setattr(baskets, "_rows", rows)
    assert baskets.get("b").count == 1
    assert not baskets.hear(heard(1), "nowhere", lambda basket: basket.put())


def test_the_epoch_comes_before_the_sequence(baskets: Records[Basket]) -> None:
    for seq, epoch in ((7, 1), (1, 2), (8, 1)):
        baskets.hear(heard(seq, epoch=epoch), "b", lambda basket: basket.put(), create=lambda: Basket(id="b"))
    assert baskets.get("b").count == 2


def test_a_refused_event_counts_as_heard_and_changes_nothing_else(baskets: Records[Basket]) -> None:
    baskets.create(Basket(id="b", limit=0))
    assert baskets.hear(heard(1), "b", lambda basket: basket.put())
    assert not baskets.hear(heard(1), "b", lambda basket: basket.put())
    assert baskets.get("b").count == 0


def test_the_same_cause_gives_the_same_event_ids(database: Database, baskets: Records[Basket]) -> None:
    ids = []
    for _ in range(2):
        database.collection("baskets").delete_many({})
        with following(cause="event-1"):
            baskets.hear(heard(1), "b", lambda basket: basket.put(), create=lambda: Basket(id="b"))
        row = database.collection("baskets").find_one({"_id": "b"})
        assert row is not None
        ids.append(row["outbox"][0]["id"])
    assert ids[0] == ids[1]
