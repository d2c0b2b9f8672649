"""The campaign of 2024 is the notice as data (C1–C3, C5, C8), and answers what the services ask of it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from shared.campaign.codes import FINDING_CODES
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign, Severity, Window
from shared.campaign.schema import schema_text
from shared.clock import SHANGHAI

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
FILE = CAMPAIGNS / "2024-teacher-training.yaml"


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return load_campaign(FILE)


def beijing(month: int, day: int) -> datetime:
    return datetime(2024, month, day, tzinfo=SHANGHAI)


def test_windows_are_those_of_the_notice(campaign: Campaign) -> None:
    """C1"""
    assert campaign.window("contact_forms").closes == beijing(10, 1)
    assert campaign.window("submission") == Window(opens=beijing(10, 1), closes=beijing(10, 16))
    assert campaign.window("recommendation") == Window(opens=beijing(10, 16), closes=beijing(11, 1))
    assert not campaign.window("review").announced
    assert not campaign.window("publication").announced


def test_a_window_is_half_open(campaign: Campaign) -> None:
    submission = campaign.window("submission")
    last = datetime(2024, 10, 15, 23, 59, 59, 999999, tzinfo=SHANGHAI)
    assert [submission.contains(at) for at in (beijing(10, 1), last, beijing(10, 16))] == [True, True, False]
    assert (submission.has_opened(beijing(10, 1)), submission.has_closed(last)) == (True, False)
    assert submission.has_closed(beijing(10, 16))
    assert submission.last_second.isoformat() == "2024-10-15T23:59:59+08:00"


def test_limits_are_those_of_the_notice(campaign: Campaign) -> None:
    """C3"""
    assert campaign.limits.model_dump() == {
        "min_authors": 1,
        "authors": 3,
        "summary_words": 300,
        "document_words": 3000,
        "document_bytes": 20 * 1024 * 1024,
        "sheet_bytes": 20 * 1024 * 1024,
        "materials_bytes": 100 * 1024 * 1024,
        "min_materials": 1,
        "recommendations_per_province": 200,
        "cases_per_person_in_category": None,
    }
    assert [part.name for part in campaign.parts] == ["基本情况", "过程与举措", "经验与成效", "特色与创新"]
    kinds = ["通知文件", "制度文档", "研究交流", "宣传报道", "其他"]
    assert [kind.name for kind in campaign.material_kinds] == kinds


def test_categories_and_their_rubrics_are_those_of_the_notice(campaign: Campaign) -> None:
    """C2, R6"""
    assert [(c.code, c.name, len(c.rubric)) for c in campaign.categories] == [
        ("region", "区域研修应用案例", 5),
        ("school", "校本研修应用案例", 5),
        ("studio", "线上名师名校长工作室建设与应用案例", 4),
    ]
    assert not any(category.weights_in_notice for category in campaign.categories)
    assert [c.needs_school for c in campaign.categories] == [False, True, False]
    studio = campaign.category("studio").studio
    assert studio and studio.model_dump() == {
        "host_required": True,
        "address_required": True,
        "min_contribution": 100,
        "min_live_sessions": 1,
    }


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("区域研修应用案例", "region"),
        ("1.区域教师研修应用案例", "region"),
        ("２．校本教师研修 应用案例", "school"),
        ("3、线上名师名校长工作室建设与应用案例", "studio"),
        ("studio", "studio"),
    ],
)
def test_a_category_is_known_by_every_name_in_the_notice(campaign: Campaign, name: str, code: str) -> None:
    """C8"""
    category = campaign.find_category(name)
    assert category and category.code == code


def test_a_name_of_no_category_finds_none(campaign: Campaign) -> None:
    assert campaign.find_category("教学设计") is None
    with pytest.raises(LookupError):
        campaign.category("lesson")


def test_there_are_32_provinces_and_one_code_is_local(campaign: Campaign) -> None:
    """C5: GB/T 2260 numbers the 31 in six regions."""
    codes = [province.code for province in campaign.provinces if not province.local]
    regions = {1: range(1, 6), 2: range(1, 4), 3: range(1, 8), 4: range(1, 7), 5: range(5), 6: range(1, 6)}
    expected = [f"{region}{n}0000" for region, numbers in regions.items() for n in numbers]
    assert codes == expected
    assert [p.name for p in campaign.provinces if p.local] == ["新疆生产建设兵团"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("110000", "110000"),
        ("内蒙古", "150000"),
        (" 广西 壮族自治区", "450000"),
        ("兵团", "660000"),
        ("新疆", "650000"),
    ],
)
def test_a_province_is_known_by_code_name_and_alias(campaign: Campaign, name: str, code: str) -> None:
    assert campaign.province(name).code == code


def test_an_unknown_province_is_not_guessed(campaign: Campaign) -> None:
    assert campaign.find_province("香港") is None
    with pytest.raises(LookupError):
        campaign.province("香港")


@pytest.mark.parametrize(
    ("unit", "short_name"),
    [
        ("江苏省电化教育馆", "江苏"),
        ("新疆生产建设兵团教育局", "兵团"),
        ("新疆维吾尔自治区教育厅", "新疆"),
        ("海南省教育厅", "海南"),
        ("海南藏族自治州教育局", "青海"),
    ],
)
def test_a_unit_tells_its_province(campaign: Campaign, unit: str, short_name: str) -> None:
    province = campaign.province_of_unit(unit)
    assert province and province.short_name == short_name


@pytest.mark.parametrize("unit", ["吉安市教育局", "晋江市第一小学", "第一小学", ""])
def test_a_unit_that_names_no_province_tells_none(campaign: Campaign, unit: str) -> None:
    assert campaign.province_of_unit(unit) is None


def test_what_blocks_submission_is_no_more_than_the_rules_allow(campaign: Campaign) -> None:
    """V10"""
    blocked = {code for code, severity in campaign.severities.items() if severity is Severity.BLOCKED}
    unreadable = "UNREADABLE CORRUPT TRUNCATED EMPTY_FILE ENCRYPTED TYPE_NOT_ALLOWED UNSUPPORTED_OLD"
    unreadable += " ARCHIVE_HAZARD ENTITY BOMB"
    assert blocked == {f"document.{code}" for code in unreadable.split()} | {
        "DOCUMENT_ABSENT",
        "MATERIAL_ABSENT",
        "FIELD_MISSING",
        "DECLARATION_MISSING",
        "CONSENT_MISSING",
        "TOO_MANY_AUTHORS",
        "SUMMARY_TOO_LONG",
        "MATERIALS_TOO_BIG",
        "FILE_TOO_BIG",
        "VIRUS",
    }
    assert campaign.severity("TOO_LONG") is Severity.FAILED
    assert campaign.severity("PART_MISSING") is Severity.REMARK


def test_every_finding_has_a_severity(campaign: Campaign) -> None:
    assert {key for key in campaign.severities if "." not in key} == FINDING_CODES


def test_severity_depends_on_the_role_of_the_file(campaign: Campaign) -> None:
    assert campaign.severity("ENCRYPTED", of="document") is Severity.BLOCKED
    assert campaign.severity("ENCRYPTED", of="material") is Severity.FAILED
    assert campaign.severity("MACRO", of="document") is Severity.FAILED
    assert campaign.severity("NEVER_HEARD_OF") is Severity.FAILED


def test_declaration_and_consents_are_word_for_word(campaign: Campaign) -> None:
    """I12"""
    assert campaign.texts.declaration == "我(们)在此申明：该案例是我(们)原创，不涉及抄袭或侵犯他人著作权等问题。"
    assert [consent.code for consent in campaign.texts.consents] == ["sharing", "national_platform"]
    assert campaign.consents_are_conditions
    assert (campaign.helpline.phone, campaign.mailbox) == ("010-66490925", "jsyxmoe@163.com")
    assert [r.name for r in campaign.disqualification_reasons] == ["政治原则性错误", "概念性错误", "弄虚作假"]


def test_it_travels_as_json_well_under_the_limit_of_an_event(campaign: Campaign) -> None:
    text = campaign.campaign_json()
    assert len(text.encode()) < 60 * 1024
    assert Campaign.model_validate_json(text) == campaign
    assert Campaign.model_validate(json.loads(text)) == campaign


def test_a_campaign_does_not_change(campaign: Campaign) -> None:
    with pytest.raises(ValidationError):
        campaign.limits.authors = 4  # type: ignore[misc]  # that is the point


def test_an_extended_window_may_overlap_the_next(campaign: Campaign) -> None:
    """C4: the centre extends a window while it runs; only a file must keep them apart."""
    longer = Window(opens=beijing(10, 1), closes=beijing(10, 18))
    windows = campaign.windows.model_copy(update={"submission": longer})
    extended = campaign.model_copy(update={"windows": windows, "revision": 2})
    assert Campaign.model_validate_json(extended.campaign_json()) == extended


def test_the_schema_checked_in_is_the_models() -> None:
    checked_in = (CAMPAIGNS / "schema.json").read_text(encoding="utf-8")
    assert checked_in == schema_text(), "run: python -m shared.campaign.schema > campaigns/schema.json"


def test_the_file_fits_the_schema_that_editors_read() -> None:
    jsonschema.validate(yaml.safe_load(FILE.read_text(encoding="utf-8")), json.loads(schema_text()))
