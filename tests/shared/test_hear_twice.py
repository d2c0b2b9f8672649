"""Deliver, duplicate, crash and reorder at will: the listener ends as after one run in order."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import mongoengine
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.aggregates import Aggregate
from shared.events.base import Event
from shared.events.certificate import CertificateIssued
from shared.events.intake import CaseSubmitted
from shared.events.wire import Heard
from shared.messaging.hearing import HearLoop
from shared.messaging.memory import MemoryBus
from shared.messaging.relay import Relay
from shared.records import Database, Record, Records
from shared.records.database import Row
from tests.conftest import setting
from tests.shared.model import NOON, Basket, BasketRecord, submitted

SPEAKERS = ("intake", "certificate")
SUBJECTS = ("a", "b", "c")


class Killed(BaseException):
    """The process is gone; nothing below may catch it."""


@dataclass(kw_only=True)
class Diary(Aggregate):
    """What a listener wrote down, in the order it did."""

    lines: tuple[str, ...] = ()


class DiaryRecord(Record):
    """How a diary is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "diaries"}
    lines = mongoengine.ListField(mongoengine.StringField())


def issued(case_id: str, number: int) -> CertificateIssued:
    return CertificateIssued(
        campaign_id="c", case_id=case_id, certificate_id="x", number=str(number), author=0, outcome="showcase", at=NOON
    )


class HearTwice(RuleBasedStateMachine):
    """Two speakers tell of three subjects; one listener hears both; anything may be killed at any point."""

    databases: ClassVar[dict[str, Database]] = {}

    @initialize()
    def begin(self) -> None:
        self.mark = uuid.uuid4().hex[:8]
        self.bus = MemoryBus(partitions=2)
        self.speaking = {
            speaker: Records(self.databases[speaker], document=BasketRecord, aggregate=Basket) for speaker in SPEAKERS
        }
        self.diaries = Records(self.databases["review"], document=DiaryRecord, aggregate=Diary)
        for database in self.databases.values():
            for name in ("baskets", "diaries", "leases", "told_events", "parked"):
                database.collection(name).delete_many({})
        self.relays = {speaker: Relay(self.databases[speaker], self.bus) for speaker in SPEAKERS}
        self.kill_at = ""
        self.told: dict[tuple[str, str], int] = {}
        self.loop = self.new_loop()
        for speaker in SPEAKERS:
            for subject in SUBJECTS:
                self.speaking[speaker].create(Basket(id=self.id_of(subject)))

    def id_of(self, subject: str) -> str:
        return f"{self.mark}-{subject}"

    def new_loop(self) -> HearLoop:
        reactions: dict[type[Event], Any] = {CaseSubmitted: self.react, CertificateIssued: self.react}
        return HearLoop(self.databases["review"], self.bus, reactions, group="listener", parked_every=0)

    def react(self, heard: Heard) -> None:
        if self.kill_at == "before the effect":
            raise Killed

        def write_down(diary: Diary) -> None:
            diary.lines += (f"{heard.topic}/{heard.seq}",)

        self.diaries.hear(heard, heard.subject, write_down, create=lambda: Diary(id=heard.subject))
        if self.kill_at == "after the effect":
            raise Killed

    @rule(speaker=st.sampled_from(SPEAKERS), subject=st.sampled_from(SUBJECTS))
    def tell(self, speaker: str, subject: str) -> None:
        def act(basket: Basket) -> None:
            basket.count += 1
            number = basket.count
            event: Event = submitted(basket.id, number) if speaker == "intake" else issued(basket.id, number)
            basket.tell(event)

        self.speaking[speaker].change(self.id_of(subject), act)
        self.told[(speaker, subject)] = self.told.get((speaker, subject), 0) + 1

    @rule(speaker=st.sampled_from(SPEAKERS))
    def relay(self, speaker: str) -> None:
        self.relays[speaker].step()

    @rule(speaker=st.sampled_from(SPEAKERS))
    def relay_is_killed_before_the_mark(self, speaker: str) -> None:
        rows = list(self.databases[speaker].collection("baskets").find({"outbox.0": {"$exists": True}}))
        self.relays[speaker].step()
        for row in rows:
            self.put_back(speaker, row)

    def put_back(self, speaker: str, row: Row) -> None:
        self.databases[speaker].collection("baskets").update_one(
            {"_id": row["_id"]}, {"$push": {"outbox": {"$each": row["outbox"], "$position": 0}}}
        )

    @rule(data=st.data())
    def the_bus_repeats_a_record(self, data: st.DataObject) -> None:
        records = [each for topic in ("intake.open", "certificate.open") for each in self.bus.records(topic)]
        if records:
            self.bus.append(data.draw(st.sampled_from(records)).message)

    @rule(most=st.integers(1, 5))
    def hear(self, most: int) -> None:
        self.loop.step(wait=0, most=most)

    @rule(point=st.sampled_from(["before the effect", "after the effect"]))
    def listener_is_killed(self, point: str) -> None:
        with self.killing(point):
            self.loop.step(wait=0, most=3)
        self.loop.close()
        self.loop = self.new_loop()

    @contextmanager
    def killing(self, point: str) -> Iterator[None]:
        self.kill_at = point
        try:
            yield
        except Killed:
            pass
        finally:
            self.kill_at = ""

    @invariant()
    def nothing_is_heard_twice_or_out_of_order(self) -> None:
        for subject in SUBJECTS:
            diary = self.diaries.find(self.id_of(subject))
            for topic in ("intake.open", "certificate.open"):
                seqs = [int(line.split("/")[1]) for line in (diary.lines if diary else ()) if line.startswith(topic)]
                assert seqs == list(range(1, len(seqs) + 1)), (subject, topic, seqs)

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        for relay in self.relays.values():
            while relay.step():
                pass
        while self.loop.step(wait=0):
            pass
        for (speaker, subject), count in self.told.items():
            diary = self.diaries.get(self.id_of(subject))
            lines = [line for line in diary.lines if line.startswith(f"{speaker}.open")]
            assert lines == [f"{speaker}.open/{seq}" for seq in range(1, count + 1)]
        self.loop.close()


def test_any_sequence_of_faults_ends_like_one_run_in_order() -> None:
    prefix = f"t_{uuid.uuid4().hex[:10]}"
    HearTwice.databases = {
        service: Database(service, uri=setting("MONGO_URI"), prefix=prefix) for service in (*SPEAKERS, "review")
    }
    try:
        for database in HearTwice.databases.values():
            database.tells_from("baskets")
            database.ensure_outbox_indexes()
        run_state_machine_as_test(
            HearTwice,
            settings=settings(
                max_examples=15,
                stateful_step_count=25,
                deadline=None,
                phases=[Phase.generate],  # each step goes to a real database: a failing run is shown as it was found
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        for database in HearTwice.databases.values():
            database.client.drop_database(database.db.name)
            database.close()


def test_without_the_guard_the_machine_finds_a_double_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    def unguarded(self: Records[Diary], heard: Heard, id: str, act: Any, *, create: Any = None) -> bool:
        self.ensure(create())
        self.change(id, act)
        return True

    monkeypatch.setattr(Records, "hear", unguarded)
    with pytest.raises((AssertionError, ExceptionGroup)):
        test_any_sequence_of_faults_ends_like_one_run_in_order()
