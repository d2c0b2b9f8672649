"""V1, V9, V10: files are checked as they arrive, each submitted version gets one report, nothing is told twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.validation.adapters.sandbox import Sandbox, Stalled
from services.validation.domain.report import MOST_TOLD
from shared.campaign.model import Category
from shared.events.intake import CaseWithdrawn, SheetAuthor, StudioFacts
from shared.events.validation import FileChecked, ReportReady
from shared.trouble import Away
from tests.validation.documents import FOUR, docx, four_parts, p
from tests.validation.test_materials import JPG
from tests.validation.world import NOON, World

PAUSE = timedelta(seconds=6)
HONEST = docx(four_parts())
LONG = docx("".join(p(title) + p("字" * 900) for title in FOUR))


def codes(event: FileChecked | ReportReady) -> list[str]:
    return [finding.code for finding in event.findings]


def test_a_file_is_checked_as_it_arrives_and_the_report_follows_the_submission(world: World) -> None:
    world.publish_campaign()
    document = world.store(HONEST, "案例.docx", role="document")
    picture = world.store(JPG, "照片.jpg")
    world.arrive(document)
    world.arrive(picture)
    checked = world.until_told(FileChecked, 2)
    assert {(event.file_id, event.outcome, event.true_type, event.sha256_agrees) for event in checked} == {
        (document.file_id, "passed", "docx", True),
        (picture.file_id, "passed", "jpg", True),
    }
    assert world.of(ReportReady) == []
    world.submit(document, picture)
    (report,) = world.until_told(ReportReady)
    assert (report.case_version, report.outcome, codes(report), report.scanned) == (1, "passed", [], False)
    assert report.words_low == next(event.words_low for event in checked if event.role == "document")


def test_a_submission_before_its_checks_waits_for_all_of_them(world: World) -> None:
    world.publish_campaign()
    files = [world.store(LONG, "案例.docx", role="document"), world.store(JPG, "照片.jpg")]
    world.submit(*files)
    (report,) = world.until_told(ReportReady)
    assert len(world.of(FileChecked)) == 2
    assert (report.outcome, codes(report)) == ("failed", ["TOO_LONG"])
    assert report.findings[0].place == "《案例.docx》"


def test_news_told_twice_make_one_check_and_one_report(world: World) -> None:
    world.publish_campaign()
    document, picture = world.store(HONEST, "案例.docx", role="document"), world.store(JPG, "照片.jpg")
    world.arrive(document)
    world.arrive(document, repeat=True)
    world.submit(document, picture)
    world.tell(world.submission(document, picture), subject="case-1", repeat=True)
    world.until_told(ReportReady)
    assert (len(world.of(FileChecked)), len(world.of(ReportReady))) == (2, 1)


def test_each_version_has_its_report_and_earlier_ones_stay(world: World) -> None:
    world.publish_campaign()
    long, short = world.store(LONG, "长.docx", role="document"), world.store(HONEST, "短.docx", role="document")
    picture = world.store(JPG, "照片.jpg")
    world.submit(long, picture)
    world.until_told(ReportReady)
    world.submit(short, picture, version=2)
    first, second = world.until_told(ReportReady, 2)
    assert [(first.case_version, first.outcome), (second.case_version, second.outcome)] == [
        (1, "failed"),
        (2, "passed"),
    ]
    world.tell(
        CaseWithdrawn(campaign_id=world.campaign.id, case_id="case-1", case_version=2, at=NOON), subject="case-1"
    )
    world.until(lambda: world.app.reports.get("case-1").versions[1].withdrawn_at == NOON)
    report = world.app.reports.get("case-1")
    assert [each.conclusion.outcome.value for each in report.versions if each.conclusion] == ["failed", "passed"]


def test_a_withdrawal_heard_before_its_version_is_remembered(world: World) -> None:
    world.publish_campaign()
    withdrawn = CaseWithdrawn(campaign_id=world.campaign.id, case_id="case-1", case_version=1, at=NOON)
    world.tell(withdrawn, subject="case-1")
    world.until(lambda: world.app.reports.find("case-1") is not None)
    world.submit(world.store(HONEST, "案例.docx", role="document"))
    world.until_told(ReportReady)
    assert world.app.reports.get("case-1").versions[0].withdrawn_at == NOON


def test_checks_wait_for_the_campaign_however_late_it_is_heard(world: World) -> None:
    document, picture = world.store(HONEST, "案例.docx", role="document"), world.store(JPG, "照片.jpg")
    world.submit(document, picture)
    world.until(lambda: world.app.checks.count("waiting") == 2, check=False)
    with pytest.raises(Away):
        world.checker.step()
    world.publish_campaign()
    world.until(lambda: bool(world.app.campaigns.all()), check=False)
    world.clock.advance(PAUSE)
    (report,) = world.until_told(ReportReady)
    assert report.outcome == "passed"


def test_bytes_that_differ_from_what_was_announced_are_told(world: World) -> None:
    world.publish_campaign()
    file = world.store(JPG, "照片.jpg").model_copy(update={"sha256": "0" * 64})
    world.arrive(file)
    (checked,) = world.until_told(FileChecked)
    assert (checked.sha256, checked.sha256_agrees, codes(checked)) == ("0" * 64, False, ["HASH_MISMATCH"])


def test_a_file_gone_from_the_store_is_told(world: World) -> None:
    world.publish_campaign()
    file = world.store(JPG, "照片.jpg")
    world.app.objects.remove(file.object_key)
    world.arrive(file)
    (checked,) = world.until_told(FileChecked)
    assert (checked.outcome, checked.sha256_agrees, codes(checked)) == ("failed", False, ["UNREADABLE"])


def test_the_same_bytes_are_read_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish_campaign()
    reads: list[str] = []
    real = Sandbox.read

    def counted(self: Sandbox, path, *, name, sought):  # type: ignore[no-untyped-def] # as the one it wraps
        reads.append(name)
        return real(self, path, name=name, sought=sought)

    monkeypatch.setattr(Sandbox, "read", counted)
    for case in ("case-1", "case-2"):
        world.arrive(world.store(JPG, f"{case}.jpg"), case=case)
    world.until_told(FileChecked, 2)
    assert reads == ["case-1.jpg"]


def test_a_reader_that_never_gets_time_ends_as_unreadable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish_campaign()

    def stalled(*_: object, **__: object) -> None:
        raise Stalled

    monkeypatch.setattr(Sandbox, "read", stalled)
    world.arrive(world.store(JPG, "照片.jpg"))

    def told() -> bool:
        world.clock.advance(PAUSE * 200)
        return bool(world.of(FileChecked))

    world.until(told)
    (checked,) = world.of(FileChecked)
    assert codes(checked) == ["UNREADABLE"]
    assert world.app.checks.count("failed") == 1


def test_a_job_that_felled_its_checker_again_and_again_is_not_tried_for_ever(world: World) -> None:
    world.publish_campaign()
    world.arrive(world.store(JPG, "照片.jpg"))
    world.until(lambda: world.app.checks.count("waiting") == 1, check=False)
    for _ in range(5):  # claimed, and the process gone
        assert world.app.checks.claim() is not None
        world.clock.advance(PAUSE * 200)
    (checked,) = world.until_told(FileChecked)
    assert codes(checked) == ["UNREADABLE"]


def test_a_check_that_was_overtaken_tells_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first checker is stopped past its lease just before it reads; another one does the whole job meanwhile."""
    world.publish_campaign()
    world.arrive(world.store(JPG, "照片.jpg"))
    world.until(lambda: world.app.checks.count("waiting") == 1, check=False)
    real = Sandbox.read
    others: list[bool] = []

    def stopped(self: Sandbox, path, *, name, sought):  # type: ignore[no-untyped-def] # as the one it wraps
        monkeypatch.setattr(Sandbox, "read", real)
        world.clock.advance(PAUSE * 200)
        others.append(world.checker.step())
        return real(self, path, name=name, sought=sought)

    monkeypatch.setattr(Sandbox, "read", stopped)
    assert world.checker.step()
    assert others == [True]
    world.until_told(FileChecked)
    world.turn()
    assert [event.outcome for event in world.of(FileChecked)] == ["passed"]
    assert world.app.checks.count("done") == 1


AUTHORS = tuple(
    SheetAuthor(name=name, unit="南京市某小学", title="教师", person=f"p{n}") for n, name in enumerate("甲乙丙丁")
)
SHEETS = {
    "four authors": ({"authors": AUTHORS}, ["TOO_MANY_AUTHORS"]),
    "an author twice": ({"authors": (AUTHORS[0], AUTHORS[0])}, ["AUTHOR_TWICE"]),
    "a long summary": ({"summary": "字" * 301}, ["SUMMARY_TOO_LONG"]),
    "a summary of 300": ({"summary": "字" * 300}, []),
    "no signature": ({"unsigned": ("甲",)}, ["SIGNATURE_MISSING"]),
    "a studio without host": (
        {"category": "studio", "studio": StudioFacts(address="x", contribution=100, live_sessions=1)},
        ["HOST_MISSING"],
    ),
    "a poor studio": (
        {
            "category": "studio",
            "studio": StudioFacts(address="x", contribution=99, live_sessions=0),
            "authors": (AUTHORS[0].model_copy(update={"host": True}),),
        },
        ["STUDIO_CONTRIBUTION_LOW", "STUDIO_LIVE_LOW"],
    ),
    "a school case by an institute": ({"category": "school", "unit_type": "research"}, ["SCHOOL_NEEDED"]),
}


@pytest.mark.parametrize(("sheet", "expected"), SHEETS.values(), ids=SHEETS.keys())
def test_the_sheet_is_judged_with_the_files(world: World, sheet: dict[str, Any], expected: list[str]) -> None:
    known = {category.code for category in world.campaign.categories}
    if "category" in sheet and sheet["category"] not in known:
        sheet = {**sheet, "category": _category(world, str(sheet["category"]))}
    world.publish_campaign()
    world.submit(world.store(HONEST, "案例.docx", role="document"), world.store(JPG, "照片.jpg"), **sheet)
    (report,) = world.until_told(ReportReady)
    assert codes(report) == expected


def test_a_report_of_very_many_findings_stays_below_the_limit_of_an_event(world: World) -> None:
    world.publish_campaign()
    files = [world.store(HONEST, "案例.docx", role="document")]
    files += [world.store(b"Rar!\x1a\x07\x00" + bytes([n]), f"{'很长的名称' * 20}{n}.jpg") for n in range(60)]
    world.submit(*files)
    (report,) = world.until_told(ReportReady)
    assert len(report.findings) <= MOST_TOLD
    assert report.outcome == "failed"


def _category(world: World, kind: str) -> str:
    wanted: dict[str, Callable[[Category], bool]] = {
        "studio": lambda category: category.studio is not None,
        "school": lambda category: category.needs_school,
    }
    return next(category.code for category in world.campaign.categories if wanted[kind](category))


def test_a_person_in_two_categories_is_a_remark_on_each_case_until_one_is_withdrawn(world: World) -> None:
    """V11."""
    world.publish_campaign()
    region, school, _ = (category.code for category in world.campaign.categories)
    files = [world.store(HONEST, "案例.docx", role="document"), world.store(JPG, "照片.jpg")]
    world.submit(*files, case="case-1", category=region, authors=AUTHORS[:2])
    world.submit(*files, case="case-2", category=region, authors=AUTHORS[1:3])
    world.until_told(ReportReady, 2)
    assert [codes(report) for report in world.of(ReportReady)] == [[], []]
    world.submit(*files, case="case-3", category=school, authors=(AUTHORS[0],))
    reports = world.until_told(ReportReady, 4)[2:]
    assert {(report.case_id, report.outcome, report.findings[0].message[:8]) for report in reports} == {
        ("case-3", "remarks", "作者“甲”同时是"),
        ("case-1", "remarks", "作者“甲”同时是"),
    }
    withdrawn = CaseWithdrawn(campaign_id=world.campaign.id, case_id="case-3", case_version=1, at=NOON)
    world.tell(withdrawn, subject="case-3")
    last = world.until_told(ReportReady, 5)[4:]
    assert [(report.case_id, report.outcome, codes(report)) for report in last] == [("case-1", "passed", [])]


def test_a_person_who_moves_to_the_same_category_is_no_remark_any_more(world: World) -> None:
    """V11: what stands counts, whichever version it is."""
    world.publish_campaign()
    region, school, _ = (category.code for category in world.campaign.categories)
    files = [world.store(HONEST, "案例.docx", role="document"), world.store(JPG, "照片.jpg")]
    world.submit(*files, case="case-1", category=region, authors=(AUTHORS[0],))
    world.submit(*files, case="case-2", category=school, authors=(AUTHORS[0],))
    world.until(lambda: {each.outcome for each in world.of(ReportReady)[-2:]} == {"remarks"})
    world.submit(*files, case="case-2", category=region, authors=(AUTHORS[0],), version=2)
    world.until(lambda: [each.case_id for each in world.of(ReportReady) if each.outcome == "passed"][-1:] == ["case-1"])
    last = {each.case_id: each.outcome for each in world.of(ReportReady)}
    assert last == {"case-1": "passed", "case-2": "passed"}


def test_a_new_version_of_the_same_people_and_files_asks_for_its_conclusion_alone(world: World) -> None:
    world.publish_campaign()
    files = [world.store(HONEST, "案例.docx", role="document"), world.store(JPG, "照片.jpg")]
    world.submit(*files)
    world.until_told(ReportReady)
    jobs = world.app.database.collection("jobs_conclusions")
    before = jobs.count_documents({})
    world.submit(*files, version=2, summary="改过的概述")
    world.until_told(ReportReady, 2)
    assert jobs.count_documents({}) - before == 1
    assert world.app.database.collection("jobs_checks").count_documents({}) == 2
