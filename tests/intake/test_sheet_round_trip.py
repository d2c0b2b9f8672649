"""附表1 as we write it, read back to the same values; and as PDF: every signature line, two pages at most."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.adapters.docx_rows import rows_of_docx
from services.intake.adapters.sheet_docx import SheetRow, SignSheet, write_sheet
from services.intake.adapters.sheet_pdf import SheetTypesetter
from services.intake.domain.paper_sheet import Cell, PaperAuthor, PaperSheet, Row, read_sheet
from shared.campaign.model import Campaign
from shared.text import legible
from shared.trouble import Refused
from tests.intake.conftest import Browser, register
from tests.intake.test_path import SUMMARY, complete_case, open_case

DECLARATION = "我(们)在此申明：该案例是我(们)原创，不涉及抄袭或侵犯他人著作权等问题。"


def a_sheet(campaign: Campaign, *, category: str = "region", **values: object) -> SignSheet:
    told: dict[str, object] = {
        "heading": "国家中小学智慧教育平台教师研修应用案例信息表",
        "title": "智研共同体",
        "authors": (SheetRow(name="王小明", unit="南京市第一中学", title="高级教师", mobile="13800001234"),),
        "author_limit": 3,
        "categories": tuple((each.name, each.code == category) for each in campaign.categories),
        "summary": SUMMARY,
        "summary_limit": 300,
        "declaration": DECLARATION,
        "consents_title": "共享提示",
        "consents": "同意将案例结集出版或在教师活动网站等公益性网站共享。",
        **values,
    }
    return SignSheet(**told)  # type: ignore[arg-type]  # the fields are named above


def read_back(content: bytes, campaign: Campaign) -> PaperSheet:
    rows = (Row(table, tuple(Cell(*cell) for cell in cells)) for table, cells in rows_of_docx(content))
    return read_sheet(rows, campaign)


def _kept(text: str) -> bool:
    """Whether the page would keep it so: legible, with bare ends."""
    return text == legible(text).strip()


_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Zl", "Zp"))
_HAN = st.sampled_from("智研共同体区域教师发展中心王李张阿依古丽·𠮷龘A b1,，。：/（）()")
_WORDS = st.text(st.one_of(_HAN, _LETTERS), min_size=1, max_size=40).map(str.strip).filter(_kept).filter(bool)
_LINES = st.lists(st.one_of(_WORDS, st.just("")), min_size=1, max_size=6).map("\n".join).map(str.strip).filter(bool)
_NAMES = st.text(st.sampled_from("王李张欧阳阿依古丽·𠮷Anna"), min_size=1, max_size=50)
_PEOPLE = st.builds(
    SheetRow,
    name=_NAMES,
    unit=_WORDS,
    title=_WORDS,
    mobile=st.from_regex(r"\A1[3-9][0-9]{9}\Z"),
    host=st.booleans(),
)


@settings(deadline=None, max_examples=60)
@given(
    title=_WORDS,
    summary=st.one_of(_WORDS, _LINES),
    people=st.lists(_PEOPLE, min_size=1, max_size=3),
    category=st.sampled_from(["region", "school", "studio"]),
)
def test_what_we_write_we_read_back(
    campaign: Campaign, title: str, summary: str, people: list[SheetRow], category: str
) -> None:
    sheet = a_sheet(campaign, category=category, title=title, summary=summary, authors=tuple(people))
    back = read_back(write_sheet(sheet), campaign)
    authors = tuple(
        PaperAuthor(name=each.name, unit=each.unit, title=each.title, mobile=each.mobile, host=each.host)
        for each in people
    )
    assert (back.title, back.category, back.summary, back.authors) == (title, category, summary, authors)


def test_the_empty_form_is_read_as_empty(campaign: Campaign) -> None:
    back = read_back(write_sheet(a_sheet(campaign, category="", title="", summary="", authors=())), campaign)
    assert back == PaperSheet(
        unread=(
            "案例名称：文件中这一栏没有填写。",
            "案例概述：文件中这一栏没有填写。",
            "案例类型：文件中没有读到勾选（涂色、加粗、画线的选择读不出来），请在这里选择。",
            "作者信息：文件中这一栏没有填写。",
        ),
        recognised=True,
    )


@pytest.fixture(scope="module")
def typesetter() -> SheetTypesetter:
    """One for all: it looks for fonts once."""
    return SheetTypesetter()


def _pages(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return len(opened.pages)


def test_the_pdf_is_the_same_each_time_and_one_page(campaign: Campaign, typesetter: SheetTypesetter) -> None:
    sheet = a_sheet(campaign)
    pdf = typesetter.pdf(sheet)
    assert (typesetter.pdf(sheet), _pages(pdf)) == (pdf, 1)


def test_the_longest_names_and_300_letters_fit_on_two_pages(campaign: Campaign, typesetter: SheetTypesetter) -> None:
    longest = SheetRow(name="阿" * 50, unit="某" * 100, title="教" * 50, mobile="13800001234", host=True)
    sheet = a_sheet(campaign, title="长" * 100, summary="述" * 300, authors=(longest,) * 3)
    assert _pages(typesetter.pdf(sheet)) <= 2


def test_a_summary_over_the_limit_is_printed_smaller_and_whole(campaign: Campaign, typesetter: SheetTypesetter) -> None:
    assert _pages(typesetter.pdf(a_sheet(campaign, summary="述" * 3000))) <= 2


@pytest.mark.parametrize(
    ("summary", "code", "words"),
    [
        ("😀", "sheet-pdf-glyph", "字库中没有“😀”，PDF不能生成。请改写，或下载Word版打印签名。"),
        (
            "行\n" * 1000,
            "sheet-pdf-long",
            "内容太多，两页排不下，PDF不能生成。请先删减案例概述，或下载Word版打印签名。",
        ),
    ],
)
def test_a_pdf_that_cannot_be_made_says_why(
    summary: str, code: str, words: str, campaign: Campaign, typesetter: SheetTypesetter
) -> None:
    with pytest.raises(Refused) as refused:
        typesetter.pdf(a_sheet(campaign, summary=summary))
    assert (refused.value.code, refused.value.message) == (code, words)


def test_the_words_of_the_sheet_stay_words(campaign: Campaign, typesetter: SheetTypesetter) -> None:
    assert typesetter.pdf(a_sheet(campaign, title="#panic() $x$ *a* \\ @b <c> `d`", summary='#include "x"\n= 一'))


def test_every_author_has_a_line_to_sign_and_a_date(author: Browser) -> None:
    case = complete_case(author)
    author.fill(f"{case}/authors", then="continue", **_people("王小明", "李明", "张伟", host=2))
    content = author.open(f"{case}/sheet.docx").data
    lines = [cell[0] for _, cells in rows_of_docx(content) for cell in cells]
    signing = next(text for text in lines if "作者签名" in text)
    signers = re.findall(r"^(\S+)　签名： +日期： +年 +月 +日$", signing, re.MULTILINE)
    assert signers == ["王小明", "李明", "张伟（工作室主持人）"]
    pdf = author.open(f"{case}/sheet.pdf")
    assert (pdf.status_code, pdf.mimetype, pdf.data[:5]) == (200, "application/pdf", b"%PDF-")


def _people(*names: str, host: int) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for place, name in enumerate(names):
        mobile = "13800001234" if place == 0 else f"1390000567{place}"
        for field, value in (("name", name), ("unit", "南京市第一中学"), ("title", "教师"), ("mobile", mobile)):
            told[f"people-{place}-{field}"] = value
    return {**told, f"people-{host}-host": "y"}


OWN = ("sheet.docx", "sheet.pdf", "sheet/fill", "sheet/fill/take")


def test_a_stranger_gets_neither(author: Browser, new_browser: Callable[[], Browser]) -> None:
    case = open_case(author)
    stranger = new_browser()
    for path in OWN:
        response = stranger.open(f"{case}/{path}")
        assert (response.status_code, response.headers.get("Location", "").split("?")[0]) == (302, "/login"), path
    register(stranger, mobile="13900000009", name="别人")
    assert [stranger.open(f"{case}/{path}").status_code for path in OWN] == [404] * len(OWN)
