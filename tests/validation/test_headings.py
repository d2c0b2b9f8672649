# ruff: noqa: E501 - tables read better with one case a line
"""V2: the four parts are found in every form people write them."""

from __future__ import annotations

import pytest

from services.validation.domain.headings import FoundPart, SoughtPart, find_parts
from services.validation.domain.reading import Paragraph
from shared.campaign.model import Campaign

BODY = Paragraph(text="我校依托平台开展校本研修，每周组织教师研讨一次，参与面达到百分之九十五。")


@pytest.fixture(scope="module")
def sought(campaign: Campaign) -> tuple[SoughtPart, ...]:
    return tuple(SoughtPart.named(part.code, part.names) for part in campaign.parts)


def codes(sought: tuple[SoughtPart, ...], *paragraphs: Paragraph | str) -> list[str]:
    read = [p if isinstance(p, Paragraph) else Paragraph(text=p) for p in paragraphs]
    return [part.code for part in find_parts([*read, BODY], sought)]


PLAIN = [
    "基本情况", "一、基本情况", "一.基本情况", "一，基本情况", "一 基本情况", "一基本情况", "（一）基本情况", "(一)基本情况", "(一）基本情况", "1.基本情况", "1、基本情况", "1．基本情况",
    "1 基本情况", "01 基本情况", "1)基本情况", "（1）基本情况", "１、基本情况", "①基本情况", "⑴基本情况", "⒈基本情况", "㈠基本情况", "Ⅰ.基本情况", "I. 基本情况", "A.基本情况",
    "第一部分基本情况", "第一部分 基本情况", "第一部分：基本情况", "第1部分、基本情况", "第一章 基本情况", "第一节　基本情况", "一、第一部分：基本情况", "板块一：基本情况", "【基本情况】",
    "《基本情况》", "“基本情况”", "基本情况：", "基本情况。", "基 本 情 况", "基　本　情　况", "——基本情况——", "◆基本情况", "★ 基本情况", "● 基本情况", "* 基本情况", "1.1 基本情况",
    "壹、基本情况", "一、案例基本情况", "一、学校基本情况", "一、基本情况介绍", "一、案例的基本情况", "我校基本情况", "工作室基本情况概述", "一、案例背景", "基本概况", "一、背景与基本情况",
    "\u200b一、基本情况", "一、基本情况\t", "一、基本情况：我校创办于1956年，现有教师一百二十人。", "基本情况：我校创办于1956年。", "（一）基本情况。我校创办于1956年。", "一、基本情况\n我校创办于1956年",
    "十一、基本情况",
]  # fmt: skip


@pytest.mark.parametrize("line", PLAIN)
def test_a_typed_heading_is_recognised(sought: tuple[SoughtPart, ...], line: str) -> None:
    assert codes(sought, line) == ["basics"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("二、过程与举措", ["process"]),
        ("二、主要做法", ["process"]),
        ("二、实施过程与具体举措", ["process"]),
        ("二、研修的过程和举措", ["process"]),
        ("三、经验与成效", ["results"]),
        ("三、取得的成效与经验总结", ["results"]),
        ("三、工作成效", ["results"]),
        ("四、特色与创新", ["innovation"]),
        ("四、特色与创新之处", ["innovation"]),
        ("四、创新亮点", ["innovation"]),
        ("三、经验成效与特色创新", ["results", "innovation"]),
        ("二、过程与举措、经验与成效", ["process", "results"]),
    ],
)
def test_each_part_and_two_in_one(sought: tuple[SoughtPart, ...], line: str, expected: list[str]) -> None:
    assert codes(sought, line) == expected


@pytest.mark.parametrize(
    "paragraph",
    [
        Paragraph(text="案例实施的基本情况与背景", styled=True),
        Paragraph(text="我们的基本情况", bold=True),
        Paragraph(text="基本情况", numbered=True),
        Paragraph(text="研修基本情况综述", numbered=True),
        Paragraph(text="基本情况", where="表格1第1行"),
        Paragraph(text="基本情况", where="文本框"),
    ],
)
def test_the_look_helps(sought: tuple[SoughtPart, ...], paragraph: Paragraph) -> None:
    assert codes(sought, paragraph) == ["basics"]


@pytest.mark.parametrize(
    "line",
    [
        "下面介绍我校的基本情况。",
        "现将基本情况汇报如下：",
        "我们充分了解了教师的基本情况，制定了研修方案。",
        "通过调研掌握了基本情况",
        "在研修的过程中，教师们收获很大",
        "过程",
        "2024年全区教师研修情况",
        "本案例从基本情况、过程与举措、经验与成效、特色与创新四个方面展开论述。",
        "一、基本情况……………………1",
        "基本情况\t3",
        "",
    ],
)
def test_a_sentence_is_no_heading(sought: tuple[SoughtPart, ...], line: str) -> None:
    assert codes(sought, line) == []


def test_a_table_of_contents_does_not_make_a_part_empty(sought: tuple[SoughtPart, ...]) -> None:
    lines = ["基本情况", "过程与举措", "经验与成效", "特色与创新"]
    read = [Paragraph(text=line) for line in lines]
    read += [p for line in lines for p in (Paragraph(text=line), BODY)]
    found = find_parts(read, sought)
    assert [(part.code, part.empty) for part in found] == [
        ("basics", False),
        ("process", False),
        ("results", False),
        ("innovation", False),
    ]


def test_entries_of_a_styled_table_of_contents_are_passed_over(sought: tuple[SoughtPart, ...]) -> None:
    assert codes(sought, Paragraph(text="一、基本情况", contents=True)) == []


def test_a_part_without_text_is_empty(sought: tuple[SoughtPart, ...]) -> None:
    read = [Paragraph(text="一、基本情况", where="第1段"), Paragraph(text="二、过程与举措", where="第2段"), BODY]
    assert find_parts(read, sought) == (
        FoundPart(code="basics", heading="一、基本情况", where="第1段", empty=True),
        FoundPart(code="process", heading="二、过程与举措", where="第2段", empty=False),
    )


def test_sub_headings_belong_to_their_part(sought: tuple[SoughtPart, ...]) -> None:
    read = [
        Paragraph(text="二、过程与举措"),
        Paragraph(text="（一）主要做法"),
        BODY,
        Paragraph(text="三、经验与成效"),
        BODY,
    ]
    assert [(part.code, part.heading, part.empty) for part in find_parts(read, sought)] == [
        ("process", "二、过程与举措", False),
        ("results", "三、经验与成效", False),
    ]
