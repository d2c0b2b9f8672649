"""The rules of a case: windows to the millisecond, what blocks, what a submission tells, what is heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.intake.domain.case import Case, State
from services.intake.domain.files import (
    MB,
    clean_name,
    megabytes,
)
from services.intake.domain.findings import NotReady
from services.intake.domain.sheet import (
    About,
    Author,
    Authors,
    Declaration,
    Studio,
)
from services.intake.domain.timeline import next_date, timeline
from shared.events.intake import AuthorContacts, CaseSubmittedInFull
from shared.events.review import DisqualificationRecorded, ResultToldToAuthors
from shared.events.validation import ReportReady, ToldFinding
from shared.trouble import NotThere, Refused
from tests.intake.cases import CAMPAIGN, CLOSES, NOON, OPENS, WANG, a_case, a_check, an_author, put, reserve, submit

MS = timedelta(milliseconds=1)
GRACE = timedelta(minutes=CAMPAIGN.grace_minutes)
CLOSED = "报送已于北京时间2024年10月15日23:59:59截止，不能再报送。草稿仍可查看。"


# I7: windows are half-open


@pytest.mark.parametrize("at", [OPENS, CLOSES - MS])
def test_a_submission_counts_from_the_first_instant_to_the_last(at: datetime) -> None:
    assert submit(a_case(), at=at) == 1


def test_a_submission_before_the_window_waits() -> None:
    with pytest.raises(Refused) as refused:
        submit(a_case(), at=OPENS - MS)
    assert refused.value.message == "报送将于北京时间2024年10月1日00:00开始。草稿已保存，请届时再来报送。"


@pytest.mark.parametrize("late", [timedelta(0), GRACE - MS])
def test_in_the_grace_only_registered_uploads_may_have_come_later(late: timedelta) -> None:
    case = a_case()
    reserve(case, "late", at=CLOSES - MS)
    case.arrive("late", campaign=CAMPAIGN, at=CLOSES + late)
    assert submit(case, at=CLOSES + late) == 1


def test_after_the_grace_nothing_counts() -> None:
    with pytest.raises(Refused, match="window-closed") as refused:
        submit(a_case(), at=CLOSES + GRACE)
    assert refused.value.message == CLOSED


def test_without_grace_the_first_instant_after_the_window_is_too_late() -> None:
    strict = CAMPAIGN.model_copy(update={"grace_minutes": 0})
    assert submit(a_case(), at=CLOSES - MS, campaign=strict) == 1
    with pytest.raises(Refused, match="window-closed"):
        submit(a_case(), at=CLOSES, campaign=strict)


@pytest.mark.parametrize("edited_at", [CLOSES, CLOSES + MS])
def test_a_draft_edited_after_the_end_has_no_grace(edited_at: datetime) -> None:
    with pytest.raises(Refused, match="window-closed"):
        submit(a_case(edited_at=edited_at), at=CLOSES + timedelta(minutes=1))


def test_an_upload_registered_after_the_end_has_no_grace() -> None:
    case = a_case()
    late = replace(case.files[1], registered_at=CLOSES)
    with pytest.raises(Refused, match="window-closed"):
        submit(replace(case, files=(case.files[0], late)), at=CLOSES + timedelta(minutes=1))


def test_a_draft_closes_with_the_window() -> None:
    case = a_case()
    case.save(About(title="来得及"), campaign=CAMPAIGN, received_at=CLOSES - MS)
    with pytest.raises(Refused, match="window-closed"):
        case.save(About(rev=1, title="来不及"), campaign=CAMPAIGN, received_at=CLOSES)
    with pytest.raises(Refused, match="window-closed"):
        reserve(case, "late", at=CLOSES)
    with pytest.raises(Refused, match="window-closed"):
        case.delete_file("material-1", campaign=CAMPAIGN, received_at=CLOSES)
    assert case.about.title == "来得及"


def test_withdrawal_ends_with_the_window() -> None:
    case = a_case()
    submit(case)
    with pytest.raises(Refused, match="window-closed"):
        case.withdraw(campaign=CAMPAIGN, received_at=CLOSES)
    assert case.withdraw(campaign=CAMPAIGN, received_at=CLOSES - MS) == 1
    assert case.state is State.WITHDRAWN


# V10: what blocks


def block(case: Case) -> list[str]:
    with pytest.raises(NotReady) as not_ready:
        submit(case)
    return [finding.message for finding in not_ready.value.findings]


def studio(**facts: Any) -> dict[str, Any]:
    return {"about": About(title="名师工作室", category="studio", summary="概述。", studio=Studio(**facts))}


def people(*authors: Author) -> dict[str, Any]:
    return {"authors": Authors(people=authors)}


FOUR = people(*(an_author(f"作者{n}", person="person-wang" if n == 0 else f"p{n}") for n in range(4)))


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"about": About(category="region", summary="概")}, ["请填写案例名称。"]),
        ({"about": About(title="名", summary="概")}, ["请选择案例类型。"]),
        ({"about": About(title="名", category="region")}, ["请填写案例概述。"]),
        (
            {"about": About(title="名", category="region", summary="概" * 301)},
            ["案例概述301字，不超过300字，请删去至少1字。"],
        ),
        (studio(address="https://example.com", contribution=0, live_sessions=None), ["请填写工作室全年直播活动次数。"]),
        (studio(), ["请填写工作室平台地址。", "请填写工作室年度贡献值。", "请填写工作室全年直播活动次数。"]),
        (people(), ["请填写作者信息。"]),
        (FOUR, ["作者4人，每件案例不超过3人，请删去1人。"]),
        (people(an_author(title="")), ["请填写第1位作者的职称/职务。"]),
        (people(an_author(mobile="138")), ["第1位作者的手机号应为11位数字，请核对。"]),
        (
            people(an_author("李明", person="person-li")),
            ["作者信息中没有您本人：案例须由作者本人报送，请用您注册的手机号把自己列为作者。"],
        ),
        (
            {"files": ()},
            ["请上传案例介绍文档（Word格式）。", "请至少上传1个支撑材料。"],
        ),
    ],
)
def test_what_is_missing_blocks(change: dict[str, Any], messages: list[str]) -> None:
    assert block(a_case(**change)) == messages


def test_without_declaration_and_consents_nothing_is_submitted() -> None:
    assert len(block(a_case(declaration=Declaration(sources="无", minors="none")))) == 3


def test_consents_that_are_free_choices_do_not_block() -> None:
    free = CAMPAIGN.model_copy(update={"consents_are_conditions": False})
    case = a_case()
    assert submit(replace(case, declaration=replace(case.declaration, consents=())), campaign=free) == 1


def test_an_unreadable_document_blocks_and_a_long_one_does_not() -> None:
    case = a_case()
    too_long = ToldFinding(code="TOO_LONG", severity="failed", message="文档3120字，超过3000字。")
    case.hear_check(a_check("document-1", too_long))
    assert case.findings(CAMPAIGN, submitter=WANG.person) == ()
    broken = ToldFinding(code="ENCRYPTED", severity="blocked", message="文档已加密，请取消密码后重新上传。")
    case.hear_check(a_check("document-1", broken))
    assert block(case) == ["“案例.docx”：文档已加密，请取消密码后重新上传。"]


def test_a_virus_in_a_material_blocks() -> None:
    case = a_case()
    case.hear_check(
        a_check("material-1", ToldFinding(code="VIRUS", severity="blocked", message="文件带有病毒，请更换。"))
    )
    assert block(case) == ["“通知.pdf”：文件带有病毒，请更换。"]


def test_a_pending_check_never_blocks() -> None:
    assert a_case().checks == ()
    assert submit(a_case()) == 1


def test_an_author_twice_is_for_validation_to_remark() -> None:
    assert submit(a_case(**people(an_author(), an_author()))) == 1


# What is told and kept


def test_a_submission_tells_no_mobiles_outside_the_restricted_topic() -> None:
    case = a_case()
    submit(case)
    full = next(event for event in case.news if isinstance(event, CaseSubmittedInFull))
    contacts = next(event for event in case.news if isinstance(event, AuthorContacts))
    assert [event.topic for event in case.news] == ["intake.open", "intake.internal", "intake.restricted"]
    assert "13800001234" not in full.model_dump_json()
    assert full.unsigned == ("李明",)
    assert [(each.name, each.mobile, each.account_id) for each in contacts.contacts] == [
        ("王小明", "13800001234", "account-wang"),
        ("李明", "13900005678", ""),
    ]


def test_a_submitted_version_stays_what_it_was() -> None:
    case = a_case()
    submit(case)
    before = case.versions[0]
    case.save(replace(case.about, title="改过的名称"), campaign=CAMPAIGN, received_at=NOON)
    case.delete_file("material-1", campaign=CAMPAIGN, received_at=NOON)
    assert case.state is State.CHANGED
    assert case.versions == (before,)
    assert [file.name for file in before.files] == ["案例.docx", "通知.pdf"]


def test_submitting_what_was_submitted_changes_nothing() -> None:
    case = a_case()
    assert submit(case) == 1
    case.news.clear()
    assert submit(case, at=NOON + MS) == 1
    assert case.news == []


def test_a_new_province_is_a_new_version() -> None:
    case = a_case()
    submit(case)
    assert submit(case, by=replace(WANG, province="330000")) == 2
    assert case.number == "2024-482-130-572"


# Files


def test_a_new_document_takes_the_place_of_the_old_one() -> None:
    case = a_case()
    put(case, "document-2", role="document", name="新稿.docx")
    assert [file.file_id for file in case.present_files] == ["material-1", "document-2"]
    assert [(file.file_id, file.replaced_by) for file in case.files if file.gone_at] == [("document-1", "document-2")]


def test_replacing_a_material_needs_room_only_for_the_difference() -> None:
    case = a_case()
    put(case, "film", size=90 * MB)
    with pytest.raises(Refused, match="materials-too-big"):
        reserve(case, "another", size=90 * MB)
    put(case, "better-film", size=95 * MB, replaces="film")
    assert [file.file_id for file in case.present_files] == ["document-1", "material-1", "better-film"]


def test_two_replacements_of_one_file_do_not_go_on_at_once() -> None:
    case = a_case()
    reserve(case, "one", replaces="material-1")
    with pytest.raises(Refused, match="replaced-already"):
        reserve(case, "two", replaces="material-1")


def test_the_room_is_checked_again_when_a_file_arrives() -> None:
    case = a_case()
    put(case, "film", size=60 * MB)
    reserve(case, "replacement", size=90 * MB, replaces="film")
    case.uploads = (replace(case.uploads[0], announced=replace(case.uploads[0].announced, replaces="")),)
    with pytest.raises(Refused, match="materials-too-big"):
        case.arrive("replacement", campaign=CAMPAIGN, at=NOON)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("C:\\我的文档\\案例.docx", "案例.docx"),
        ("../../etc/案例.docx", "案例.docx"),
        ("案\u202e例\x00.docx", "案例.docx"),
        ("  研修   实录 .mp4", "研修 实录 .mp4"),
        ("长" * 200 + ".pdf", "长" * 116 + ".pdf"),
    ],
)
def test_names_are_kept_clean(written: str, kept: str) -> None:
    assert clean_name(written) == kept


@pytest.mark.parametrize(("size", "words"), [(100 * MB, "100 MB"), (100 * MB + 1, "100.1 MB"), (0, "0 MB")])
def test_an_excess_never_looks_like_the_limit(size: int, words: str) -> None:
    assert megabytes(size) == words


# What is heard


def test_a_check_of_other_bytes_is_passed_over() -> None:
    case = a_case()
    case.hear_check(a_check("document-1", sha256="b" * 64))
    case.hear_check(a_check("no-such-file"))
    assert case.checks == ()


def test_the_newest_check_of_a_file_counts() -> None:
    case = a_case()
    case.hear_check(a_check(words_low=2986, words_high=3010))
    case.hear_check(a_check(words_low=2987, words_high=3011))
    assert [(check.words_low, check.words_high) for check in case.checks] == [(2987, 3011)]


def test_a_report_belongs_to_its_version() -> None:
    case = a_case()
    submit(case)
    for version in (1, 2):
        case.hear_report(
            ReportReady(
                campaign_id=CAMPAIGN.id, case_id="case-1", case_version=version, outcome="passed", findings=(), at=NOON
            )
        )
    assert [report.version for report in case.reports] == [1]


def test_a_disqualification_outlasts_a_result() -> None:
    case = a_case()
    told = {"campaign_id": CAMPAIGN.id, "case_id": "case-1", "at": NOON}
    case.hear_disqualification(DisqualificationRecorded(**told, province="320000", reason="fraud"))
    case.hear_result(ResultToldToAuthors(**told, outcome="exemplary"))
    assert case.ended is not None
    assert case.ended.disqualified == "fraud"


# I8, I11


def test_a_listed_author_confirms_once_and_nobody_else_can() -> None:
    case = a_case()
    assert case.unsigned_now() == ("李明",)
    case.confirm("person-li", account_id="account-li", at=NOON)
    case.confirm("person-li", account_id="account-li", at=NOON)
    assert len(case.confirmed) == 1
    assert case.unsigned_now() == ()
    with pytest.raises(NotThere):
        case.confirm("person-stranger", account_id="x", at=NOON)


def test_a_signature_on_the_scan_counts_while_the_scan_is_there() -> None:
    case = a_case()
    case.declaration = replace(case.declaration, signed_on_scan=("person-li",))
    assert case.unsigned_now() == ("李明",)
    put(case, "scan", role="sheet", name="附表1.pdf", kind="")
    assert case.unsigned_now() == ()


@pytest.mark.parametrize(
    ("now", "states"),
    [
        (NOON, ["done", "done", "later", "later", "later", "later"]),
        (CLOSES, ["done", "done", "now", "later", "later", "later"]),
        (CLOSES + timedelta(days=60), ["done", "done", "done", "later", "later", "later"]),
    ],
)
def test_the_timeline_holds_only_official_stages(now: datetime, states: list[str]) -> None:
    case = a_case()
    submit(case)
    steps = timeline(case, CAMPAIGN, now=now)
    assert [step.state for step in steps] == states
    assert [step.text for step in steps] == ["建立草稿", "报送案例", "省级推荐", "专家推荐", "结果公布", "证书发放"]
    assert [step.when for step in steps][2:] == [
        "10月16日至10月31日",
        "时间另行通知",
        "时间另行通知",
        "证书查询与下载方式另行通知",
    ]


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (OPENS - MS, "报送案例10月1日开始"),
        (NOON, "报送案例10月15日截止"),
        (CLOSES, "省级推荐10月31日截止"),
        (CLOSES + timedelta(days=16), ""),
    ],
)
def test_the_next_date(now: datetime, words: str) -> None:
    assert next_date(CAMPAIGN, now=now) == words


def test_an_author_who_signs_after_the_submission_signs_the_version_that_is_with_the_province() -> None:
    case = a_case()
    submit(case)
    assert case.versions[-1].unsigned == ("李明",)
    case.news.clear()
    case.confirm("person-li", account_id="account-li", at=NOON)
    assert [(event.topic, getattr(event, "unsigned", None)) for event in case.news] == [("intake.internal", ())]
    case.news.clear()
    case.confirm("person-li", account_id="account-li", at=NOON)
    assert case.news == []
