"""What intake tells reaches the bus, what it hears shows on the pages; sessions end everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.intake import wiring
from services.intake.app import App
from services.intake.handlers import REACTIONS
from shared.clock import FixedClock
from shared.events.base import Event
from shared.events.review import CampaignPublished, ResultToldToAuthors
from shared.events.validation import FileChecked, ReportReady, ToldFinding
from shared.events.wire import Told, outbox_entry, to_message
from shared.messaging.memory import MemoryBus
from shared.process import Loop
from tests.intake.cases import CAMPAIGN
from tests.intake.conftest import NOON, PASSWORD, Browser, register
from tests.intake.test_path import complete_case


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def worker(app: App, bus: MemoryBus) -> Callable[[], None]:
    """Turns relay and hear loop until neither has anything to do."""
    loops: list[Loop] = [loop for loop in wiring.loops(app, bus) if loop.name != "sweep"]

    def turn() -> None:
        busy = True
        while busy:
            busy = any([bool(loop.step()) for loop in loops])  # noqa: C419  # each has its turn

    return turn


def say(bus: MemoryBus, event: Event, *, subject: str, seq: int = 1) -> None:
    """Another service tells something."""
    told = Told(id=f"{subject}-{seq}", event=event, subject=subject, seq=seq, epoch=1, time=NOON)
    bus.append(to_message(outbox_entry(told)))


def test_a_check_and_a_report_show_on_the_page(
    author: Browser, app: App, bus: MemoryBus, worker: Callable[[], None]
) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    case_id = case.removeprefix("/cases/")
    document = next(file for file in app.cases.get(case_id).files if file.role == "document")
    finding = ToldFinding(code="PART_MISSING", severity="remark", message="没有找到“特色与创新”部分", place="文档")
    checked = FileChecked(
        campaign_id=CAMPAIGN.id,
        case_id=case_id,
        file_id=document.file_id,
        role="document",
        sha256=document.sha256,
        sha256_agrees=True,
        outcome="remarks",
        true_type="docx",
        findings=(finding,),
        words_low=2986,
        words_high=2986,
        checker="1",
        at=NOON,
    )
    say(bus, checked, subject=document.file_id)
    report = ReportReady(
        campaign_id=CAMPAIGN.id, case_id=case_id, case_version=1, outcome="remarks", findings=(finding,), at=NOON
    )
    say(bus, report, subject=f"{case_id}/1")

    author.open(case)
    assert "已报送的内容正在检查" in author.page
    worker()
    author.open(case)
    assert "2986字" in author.page
    assert "检查完成，有提示" in author.page
    assert author.page.count("没有找到“特色与创新”部分（文档）") == 2


def test_the_result_shows_when_authors_are_told(author: Browser, bus: MemoryBus, worker: Callable[[], None]) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    case_id = case.removeprefix("/cases/")
    result = ResultToldToAuthors(campaign_id=CAMPAIGN.id, case_id=case_id, outcome="exemplary", at=NOON)
    say(bus, result, subject=case_id)
    author.open(case)
    assert "典型案例" not in author.page
    worker()
    author.open(case)
    assert "典型案例" in author.page


def test_what_a_submission_tells_is_on_the_bus(author: Browser, bus: MemoryBus, worker: Callable[[], None]) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    worker()
    listener = bus.listener("reader", ("intake.open", "intake.internal", "intake.restricted"))
    heard = [received.message for received in listener.poll(wait=0, most=100)]
    types = sorted((message.topic, (message.header("ce_type") or "").split(".")[2]) for message in heard)
    assert types == [
        ("intake.internal", "CaseSubmittedInFull"),
        ("intake.internal", "FileArrived"),
        ("intake.internal", "FileArrived"),
        ("intake.open", "CaseSubmitted"),
        ("intake.restricted", "AuthorContacts"),
        ("intake.restricted", "CoAuthorNamed"),
    ]


def test_an_extension_is_heard(
    author: Browser, app: App, bus: MemoryBus, worker: Callable[[], None], clock: FixedClock
) -> None:
    case = complete_case(author)
    closes = CAMPAIGN.windows.submission.closes
    author.open(f"{case}/check")
    assert author.post(f"{case}/check", received_at=closes.replace(hour=23)).status_code == 409
    assert author.errors() == ["报送已于北京时间2024年10月15日23:59:59截止，不能再报送。草稿仍可查看。"]
    extended = CAMPAIGN.model_dump(mode="json")
    extended["revision"] = 2
    extended["windows"]["submission"]["closes"] = "2024-10-18T00:00:00+08:00"
    published = CampaignPublished(campaign_id=CAMPAIGN.id, revision=2, campaign=extended, at=NOON)
    say(bus, published, subject=CAMPAIGN.id)
    worker()
    assert author.post(f"{case}/check", received_at=closes.replace(hour=23)).status_code == 303


def test_a_new_password_ends_the_other_sessions(
    author: Browser, new_browser: Callable[[], Browser], worker: Callable[[], None], clock: FixedClock
) -> None:
    phone = new_browser()
    phone.fill("/login", mobile="13800001234", password=PASSWORD)
    assert phone.open("/cases").status_code == 200
    clock.at = clock.at.replace(second=1)

    new = "another-2024-secret"
    answers: dict[str, Any] = {"password_present": PASSWORD, "password_new": new, "password_again": new}
    author.open("/account/password")
    assert author.post("/account/password", **answers).status_code == 303
    worker()

    assert author.open("/cases").status_code == 200
    gone = phone.open("/cases")
    assert (gone.status_code, gone.headers["Location"]) == (302, "/login?next=%2Fcases")


def test_nobody_sees_anybody_elses_case(author: Browser, new_browser: Callable[[], Browser]) -> None:
    case = complete_case(author)
    stranger = new_browser()
    register(stranger, mobile="13711112222", name="陌生人")
    for path in ("", "/sheet", "/authors", "/document", "/materials", "/declaration", "/check", "/receipt", "/read"):
        assert stranger.open(f"{case}{path}").status_code == 404
    assert stranger.api("GET", f"/api/intake{case}/uploads").status_code == 404


def test_a_co_author_reads_and_confirms(author: Browser, new_browser: Callable[[], Browser], app: App) -> None:
    case = complete_case(author)
    li = new_browser()
    register(li, mobile="13900005678", name="李明")
    li.open("/cases")
    assert "您作为作者参与的案例" in li.page
    assert li.open(f"{case}/sheet").status_code == 404
    li.open(f"{case}/read")
    late = CAMPAIGN.windows.recommendation.closes
    assert li.post(f"{case}/read", received_at=late).status_code == 409
    assert li.errors() == ["补签已于北京时间2024年10月31日23:59:59截止，不能再确认。"]
    assert li.fill(f"{case}/read").status_code == 303
    assert app.cases.get(case.removeprefix("/cases/")).unsigned_now() == ()


def test_every_event_heard_has_a_reaction_and_a_topic() -> None:
    assert {event.__name__ for event in REACTIONS} == {
        "CampaignPublished",
        "AuthorSessionsRevoked",
        "AuthorMoved",
        "CaseMoved",
        "FileChecked",
        "ReportReady",
        "ResultToldToAuthors",
        "DisqualificationRecorded",
        "LateSubmissionPermitted",
        "LatePermissionSpent",
    }
