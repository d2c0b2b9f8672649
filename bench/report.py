"""From submit to report, on real Kafka, MongoDB and MinIO: intake's and validation's workers and one checker."""

from __future__ import annotations

import statistics
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from bench.cases import ACCOUNT, new_intake, put_draft, store_file
from services.intake import wiring as intake_wiring
from services.intake.app import App
from services.intake.handlers.cases import SubmitCase, submit_case
from services.validation import wiring as validation_wiring
from services.validation.adapters.sandbox import Sandbox
from services.validation.checking import Checker
from services.validation.settings import ValidationSettings
from shared.campaign.copy import CampaignCopy
from shared.campaign.model import Campaign
from shared.clock import system_clock
from shared.messaging.kafka import KafkaBus
from shared.process import Loop
from shared.trouble import Away, Conflict
from zhengji.play import documents, materials
from zhengji.play.prose import tell_story

CASES = 60
PAUSE_SECONDS = 0.5  # two submissions a second: about half of what one checker does on this machine


def submit_to_report(campaign: Campaign, servers: str) -> tuple[float, float, int]:
    """Median and p99 of the seconds from receipt to report, and how many cases."""
    prefix = f"bench_{uuid.uuid4().hex[:8]}"
    intake = new_intake(campaign, prefix)
    validation = validation_wiring.build(ValidationSettings(mongo_prefix=prefix))
    validation_wiring.migrate(validation)
    validation.campaigns.records.ensure(
        CampaignCopy(id=campaign.id, revision=1, campaign=campaign.model_dump(mode="json"))
    )
    bus = KafkaBus(servers)
    sandbox = Sandbox(validation_wiring.limits(validation.settings))
    loops = [
        *intake_wiring.loops(intake, bus),
        *validation_wiring.loops(validation, bus),
        Loop("check", Checker(validation, sandbox).step, idle=0.05, close=sandbox.close),
    ]
    try:
        with _turning(loops):
            seconds = _play(intake, campaign)
    finally:
        for app in (intake, validation):
            app.database.client.drop_database(app.database.db.name)
            app.database.close()
    ordered = sorted(seconds)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.99)], len(ordered)


def _play(intake: App, campaign: Campaign) -> list[float]:
    """Submit a case every half second; its report has arrived when intake's own document, which pages show, has it."""
    begun: dict[str, float] = {}
    seconds: dict[str, float] = {}
    deadline = time.monotonic() + CASES * PAUSE_SECONDS + 120
    while len(seconds) < CASES:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {len(seconds)} of {CASES} reports came")
        if len(begun) < CASES:
            case_id = _submit(intake, campaign, len(begun))
            begun[case_id] = time.monotonic()
        until = time.monotonic() + PAUSE_SECONDS
        while time.monotonic() < until and len(seconds) < CASES:
            _note_reports(intake, begun, seconds)
            time.sleep(0.02)
    return list(seconds.values())


def _submit(intake: App, campaign: Campaign, number: int) -> str:
    """Store files of its own (validation keeps what it read by hash), and hand in a draft with them."""
    document = store_file(intake, _document(number), role="document", name="案例.docx")
    material = store_file(
        intake, materials.pdf(2, mark=float(number)), role="material", name="通知.pdf", kind="announcement"
    )
    case_id = put_draft(intake, campaign, document, material)
    submit_case(
        intake, SubmitCase(case_id=case_id, account_id=ACCOUNT, received_at=system_clock(), command=f"s-{case_id}")
    )
    return case_id


def _document(number: int) -> bytes:
    story = tell_story(Random(number), category="region", unit="南京市第一中学", province="江苏省", words=2600)
    return documents.case_document(story, documents.Shape.STYLED)


def _note_reports(intake: App, begun: dict[str, float], seconds: dict[str, float]) -> None:
    waiting = [case_id for case_id in begun if case_id not in seconds]
    for row in intake.cases.rows({"_id": {"$in": waiting}, "reports.0": {"$exists": True}}, only=("_id",)):
        seconds[row["_id"]] = time.monotonic() - begun[row["_id"]]


@contextmanager
def _turning(loops: Sequence[Loop]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=_turn, args=(loop, stop), name=loop.name) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _turn(loop: Loop, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            busy = loop.step()
        except (Away, Conflict):
            busy = False
        if not busy:
            stop.wait(loop.idle)
    if loop.close:
        loop.close()
