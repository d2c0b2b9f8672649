"""The rules of certificates (E4, E5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.certificate.domain.case import Author, Case, Lookup
from services.certificate.domain.certificate import Certificate, Issue, Standing, corrected
from services.certificate.domain.names import masked_name, name_key, printed_name
from services.certificate.domain.numbering import NumberMaker, number_as_typed
from shared.events.certificate import CertificateIssued, CertificateReplaced, CertificateRevoked
from shared.trouble import Refused
from tests.certificate.samples import LATER, PUBLISHED, WORDING

NUMBERS = NumberMaker("secret")


def an_issue(number: str = "2024A-AAAA-AAAA", reason: str = "") -> Issue:
    return Issue(
        number=number,
        token="T",
        wording=WORDING,
        object_key="k",
        sha256="0" * 64,
        issued_at=PUBLISHED,
        reason=reason,
    )


def a_certificate() -> Certificate:
    certificate = Certificate(id="c-0", campaign_id="2024-x", case_id="c", author=0, outcome="exemplary")
    certificate.issue(an_issue())
    return certificate


def a_number(**changes: object) -> str:
    drawn: dict[str, object] = {"year": "2024", "letter": "A", "case_id": "c", "author": 0, "issue": 1} | changes
    return NUMBERS.number(**drawn)  # type: ignore[arg-type]  # the table below changes one at a time


def test_the_same_certificate_always_gets_the_same_number() -> None:
    assert (
        a_number()
        == a_number()
        == NumberMaker("secret").number(year="2024", letter="A", case_id="c", author=0, issue=1)
    )


@pytest.mark.parametrize("changes", [{"case_id": "d"}, {"author": 1}, {"issue": 2}, {"attempt": 1}])
def test_another_certificate_gets_another_number(changes: dict[str, object]) -> None:
    assert a_number(**changes) != a_number()


def test_numbers_of_a_whole_campaign_are_distinct_and_hang_on_the_secret() -> None:
    drawn = {a_number(case_id=f"case-{n}") for n in range(5000)}
    assert len(drawn) == 5000
    assert NumberMaker("other").number(year="2024", letter="A", case_id="case-1", author=0, issue=1) not in drawn


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("2024A-7K3M-9QXR", "2024A-7K3M-9QXR"),
        (" 2024a7k3m9qxr ", "2024A-7K3M-9QXR"),
        ("２０２４Ａ－７Ｋ３Ｍ－９ＱＸＲ", "2024A-7K3M-9QXR"),
        ("2024I-OIL3-9QXR", "2024I-0113-9QXR"),
        ("2024A-7K3M-9QX", None),
        ("2024A-7K3M-9QXU", None),
        ("李明", None),
        ("", None),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, number: str | None) -> None:
    assert number_as_typed(typed) == number


@pytest.mark.parametrize(
    "typed", ["买买提•吐尔逊", "买买提．吐尔逊", "买买提・吐尔逊", "买买提 · 吐尔逊", "买买提·吐尔逊", "买买提.吐尔逊"]
)
def test_every_separator_is_kept_as_the_middle_dot(typed: str) -> None:
    assert printed_name(typed) == "买买提·吐尔逊"


def test_queries_ignore_spaces_width_and_separators() -> None:
    spellings = ["买买提·吐尔逊", "买买提吐尔逊", " 买买提　吐尔逊", "买买提 • 吐尔逊"]
    assert {name_key(spelling) for spelling in spellings} == {"买买提吐尔逊"}
    assert name_key("Ｌi Ming") == name_key("liming")


def test_long_names_stay_whole_and_foreign_names_keep_their_spaces() -> None:
    name = "阿卜杜热合曼·麦麦提图尔荪·阿卜杜喀迪尔·艾则孜江"
    assert len(name) >= 25
    assert printed_name(name) == name
    assert printed_name("  Anna  Maria Smith ") == "Anna Maria Smith"


@pytest.mark.parametrize(
    ("name", "masked"), [("李明", "李＊"), ("欧阳若曦", "欧＊＊＊"), ("李", "李＊"), ("一二三四五六七", "一＊＊＊＊")]
)
def test_the_public_sees_the_first_character_only(name: str, masked: str) -> None:
    assert masked_name(name) == masked


def test_issuing_tells_once_and_only_once() -> None:
    certificate = a_certificate()
    assert certificate.news == [
        CertificateIssued(
            campaign_id="2024-x",
            case_id="c",
            certificate_id="c-0",
            number="2024A-AAAA-AAAA",
            author=0,
            outcome="exemplary",
            at=PUBLISHED,
        )
    ]
    with pytest.raises(Refused, match="already-issued"):
        certificate.issue(an_issue("2024A-BBBB-BBBB"))


def test_a_correction_replaces_the_number_and_says_so() -> None:
    certificate = a_certificate()
    certificate.replace(an_issue("2024A-BBBB-BBBB", reason="姓名有误"))
    told = certificate.news[-1]
    assert isinstance(told, CertificateReplaced)
    assert (told.number, told.replaces) == ("2024A-BBBB-BBBB", "2024A-AAAA-AAAA")
    assert certificate.standing("2024A-AAAA-AAAA") is Standing.REPLACED
    assert certificate.standing("2024A-BBBB-BBBB") is Standing.VALID
    with pytest.raises(LookupError):
        certificate.standing("2024A-CCCC-CCCC")


def test_a_correction_and_a_revocation_need_a_reason() -> None:
    certificate = a_certificate()
    with pytest.raises(Refused, match="更正原因"):
        certificate.replace(an_issue("2024A-BBBB-BBBB"))
    with pytest.raises(Refused, match="撤销原因"):
        certificate.revoke(reason="  ", by="s", at=LATER)


def test_a_revoked_certificate_stays_revoked() -> None:
    certificate = a_certificate()
    certificate.revoke(reason="弄虚作假", by="s", at=LATER)
    told = certificate.news[-1]
    assert isinstance(told, CertificateRevoked)
    assert told.reason == "弄虚作假"
    assert certificate.standing("2024A-AAAA-AAAA") is Standing.REVOKED
    with pytest.raises(Refused, match="already-revoked"):
        certificate.revoke(reason="再次", by="s", at=LATER)
    with pytest.raises(Refused, match="already-revoked"):
        certificate.replace(an_issue("2024A-BBBB-BBBB", reason="x"))


def test_a_correction_changes_the_holder_alone() -> None:
    assert corrected(WORDING, name="黎明", unit="新单位") == replace(
        WORDING, authors=("黎明", "王芳", "欧阳若曦"), unit="新单位"
    )


def a_case(version: int = 1) -> Case:
    case = Case(id="c")
    case.take_sheet(
        campaign_id="2024-x",
        version=version,
        title=" 标题 ",
        category="region",
        province="320000",
        authors=(Author("买买提•吐尔逊", "单位", "p1"), Author("李 明", "单位", "p2")),
    )
    return case


def test_a_case_is_due_whatever_was_heard_first() -> None:
    sheet_first, result_first = a_case(), Case(id="c")
    sheet_first.publish(campaign_id="2024-x", outcome="showcase", version=1, at=PUBLISHED)
    result_first.publish(campaign_id="2024-x", outcome="showcase", version=1, at=PUBLISHED)
    assert not result_first.is_due
    result_first.take_sheet(
        campaign_id="2024-x",
        version=1,
        title="标题",
        category="region",
        province="320000",
        authors=sheet_first.authors,
    )
    assert sheet_first == result_first
    assert result_first.is_due


def test_an_older_sheet_than_the_published_version_is_not_enough() -> None:
    case = a_case(version=1)
    case.publish(campaign_id="2024-x", outcome="showcase", version=2, at=PUBLISHED)
    assert not case.is_due


def test_a_disqualified_case_is_not_due() -> None:
    case = a_case()
    case.publish(campaign_id="2024-x", outcome="showcase", version=1, at=PUBLISHED)
    case.disqualify(at=LATER)
    assert not case.is_due


def test_authors_are_found_by_any_mobile_they_ever_gave() -> None:
    case = a_case()
    case.add_lookups((Lookup("p2", "old"),))
    case.add_lookups((Lookup("p2", "new"), Lookup("p2", "old")))
    assert case.lookups == (Lookup("p2", "old"), Lookup("p2", "new"))
    assert case.places_found_by("old", name="李明") == case.places_found_by("new", name="李　明") == (1,)
    assert case.places_found_by("new", name="王芳") == ()


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("张\x01三", "张三"),
        ("张\ufeff三\r\n", "张三"),
        ("Anna\x00 \u202eLi", "Anna Li"),
        ("艾力\x7f·买买提", "艾力·买买提"),
    ],
)
def test_what_no_reader_sees_is_not_printed(written: str, printed: str) -> None:
    assert printed_name(written) == printed
    case = Case(id="c")
    case.take_sheet(
        campaign_id="2024-x",
        version=1,
        title=f"题{written}",
        category="region",
        province="320000",
        authors=(Author(written, f"\x0b{written}", "p"),),
    )
    assert (case.title + case.authors[0].name + case.authors[0].unit).isprintable()
