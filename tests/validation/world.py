"""One validation service on the real MongoDB and MinIO, a bus in memory, and a hand that tells what others tell."""

from __future__ import annotations

import hashlib
import io
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from services.validation.adapters.sandbox import Sandbox
from services.validation.app import App
from services.validation.checking import Checker
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.base import Event
from shared.events.intake import CaseSubmittedInFull, FileArrived, Sheet, SheetAuthor, StoredFile, StudioFacts
from shared.events.review import CampaignPublished
from shared.events.wire import Told, from_message, outbox_entry, to_message
from shared.identity import Principal, SigningKey, issue_token
from shared.messaging.memory import MemoryBus
from shared.messaging.port import Listener
from shared.process import Loop

NOON = datetime(2024, 10, 10, 4, 0, tzinfo=UTC)
DEADLINE = 120


@dataclass
class World:
    """The service with its worker's loops, a checker and pages."""

    app: App
    web: Flask
    bus: MemoryBus
    clock: FixedClock
    campaign: Campaign
    keys: dict[str, SigningKey]
    loops: list[Loop]
    checker: Checker
    listener: Listener
    seqs: dict[tuple[str, str], int] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)

    def tell(self, event: Event, *, subject: str, repeat: bool = False) -> None:
        """Tell as another service would; a repeat has the id and place of the one before."""
        slot = (event.topic, subject)
        seq = self.seqs[slot] = self.seqs.get(slot, 0) + (0 if repeat else 1)
        id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{event.topic}/{subject}/{seq}"))
        entry = outbox_entry(
            Told(id=id_, event=event, subject=subject, seq=seq, epoch=1, time=self.clock(), correlation="c" * 32)
        )
        assert all(self.bus.speaker("test").tell([to_message(entry)], patience=5))

    def publish_campaign(self) -> None:
        event = CampaignPublished(
            campaign_id=self.campaign.id, revision=1, campaign=self.campaign.model_dump(mode="json"), at=NOON
        )
        self.tell(event, subject=self.campaign.id)

    def store(self, content: bytes, name: str, *, role: str = "material", file_id: str = "") -> StoredFile:
        """Put bytes into the store, and say what intake would say of them."""
        file_id = file_id or uuid.uuid4().hex[:8]
        key = f"test/{uuid.uuid4().hex}"
        self.app.objects.put(key, io.BytesIO(content), size=len(content))
        sha256 = hashlib.sha256(content).hexdigest()
        return StoredFile(
            file_id=file_id,
            role=role,
            name=name,
            size=len(content),
            sha256=sha256,
            object_key=key,
        )

    def arrive(self, file: StoredFile, *, case: str = "case-1", repeat: bool = False) -> None:
        event = FileArrived(campaign_id=self.campaign.id, case_id=case, account_id="account-1", file=file, at=NOON)
        self.tell(event, subject=case, repeat=repeat)

    def submit(self, *files: StoredFile, case: str = "case-1", version: int = 1, **more: Any) -> None:
        self.tell(self.submission(*files, case=case, version=version, **more), subject=case)

    def submission(
        self,
        *files: StoredFile,
        case: str = "case-1",
        version: int = 1,
        authors: tuple[SheetAuthor, ...] = (),
        category: str = "",
        studio: StudioFacts | None = None,
        summary: str = "一段概述。",
        unit_type: str = "school",
        unsigned: tuple[str, ...] = (),
    ) -> CaseSubmittedInFull:
        return CaseSubmittedInFull(
            campaign_id=self.campaign.id,
            case_id=case,
            case_version=version,
            number="2024-000001",
            province="320000",
            city="320100",
            unit="南京市某小学",
            unit_type=unit_type,
            account_id="account-1",
            sheet=Sheet(
                title="智慧研修案例",
                category=category or self.campaign.categories[0].code,
                summary=summary,
                authors=authors or (SheetAuthor(name="李明", unit="南京市某小学", title="教师", person="p1"),),
                studio=studio,
                declared=True,
                consents=("sharing",),
            ),
            files=files,
            unsigned=unsigned,
            at=NOON,
        )

    def turn(self, *, check: bool = True) -> None:
        """Let every loop do one step."""
        for loop in self.loops:
            loop.step()
        if check:
            self.checker.step()
        self.told += [from_message(received.message).event for received in self.listener.poll(wait=0.0, most=100)]

    def until(self, done: Callable[[], bool], *, check: bool = True) -> None:
        """Turn until something is so; the test fails at the deadline."""
        end = time.monotonic() + DEADLINE
        while not done():
            assert time.monotonic() < end, f"never happened; told {[type(event).__name__ for event in self.told]}"
            self.turn(check=check)

    def until_told(self, kind: type[Event], many: int = 1) -> list[Any]:
        """Turn until so many events of a kind were told, and then until nothing more comes."""
        self.until(lambda: len(self.of(kind)) >= many)
        for _ in range(3):
            self.turn()
        return self.of(kind)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    def author(self, id_: str = "account-1") -> FlaskClient:
        return self._client(Principal(kind="author", id=id_, name="李明", roles=frozenset({"author"})))

    def staff(self, role: str, province: str | None = None) -> FlaskClient:
        return self._client(
            Principal(kind="staff", id=f"{role}-1", name="王老师", roles=frozenset({role}), province=province)
        )

    def _client(self, person: Principal) -> FlaskClient:
        client = self.web.test_client()
        now = self.clock()
        client.set_cookie(person.kind, issue_token(person, self.keys[person.kind], now=now, lasting=timedelta(hours=1)))
        return client


def a_checker(app: App, sandbox: Sandbox) -> Checker:
    return Checker(app, sandbox)
