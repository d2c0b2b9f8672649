"""The contact form (附表2) in the forms people send it: M3."""

from __future__ import annotations

import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st

from services.notify.domain.contact_form import (
    ContactForm,
    best_of,
    faults_of,
    missing_of,
    read_rows,
    read_text,
    tidied,
)

WHOLE = ContactForm(
    unit="湖北省电化教育馆",
    department="教师培训部",
    name="张三",
    post="主任",
    address="武汉市洪山区珞喻路1号",
    postcode="430079",
    phone="(027)-87654321",
    mobile="13800001234",
    wechat="zhang_hb",
    qq="12345678",
    email="zhang@hbe.example",
)

AS_PRINTED = """各省（自治区、直辖市）活动组织单位联系人信息表
单位名称  湖北省电化教育馆   部门  教师培训部
联系人    张三              职务  主任
通讯地址  武汉市洪山区珞喻路1号  邮政编码 430079
联系电话  （027）-87654321   手机 13800001234
微信号    zhang_hb          QQ   12345678
电子邮箱  zhang@hbe.example
注：请各省级组织单位于 2024 年 10 月 1日前通过电子邮件将此表发送到 jsyxmoe@163.com。
"""
WITH_COLONS = """老师好，我省联系人信息如下：
单位名称：湖北省电化教育馆
部门：教师培训部
联 系 人：张三
职　　务：主任
通讯地址：武汉市洪山区珞喻路1号
邮政编码：430079
联系电话：（027）-87654321
手机：138-0000-1234
微信号：zhang_hb
QQ：12345678
电子邮箱：zhang@hbe.example

此致
敬礼
"""
OTHER_NAMES = """1. 组织单位：湖北省电化教育馆
2. 所在部门：教师培训部
3. 姓名：张三
4. 职称/职务：主任
5. 通信地址：武汉市洪山区珞喻路1号
6. 邮编：430079
7. 办公电话：（027）-87654321
8. 手机号码：+86 13800001234
9. 微信：zhang_hb
10. QQ号：12345678
11. E-mail：<zhang@hbe.example>
"""
VALUE_BELOW = """单位名称
湖北省电化教育馆
部门
教师培训部
联系人
张三
职务
主任
通讯地址
武汉市洪山区珞喻路1号
邮政编码
430079
联系电话
（027）-87654321
手机
13800001234
微信号
zhang_hb
QQ
12345678
电子邮箱
zhang@hbe.example
"""
QUOTED = "\n".join(f"> {line}" for line in WITH_COLONS.splitlines())


@pytest.mark.parametrize("text", [AS_PRINTED, WITH_COLONS, OTHER_NAMES, VALUE_BELOW, QUOTED])
def test_the_form_is_read_from_text(text: str) -> None:
    assert read_text(text) == WHOLE


TABLE = [
    ("单位名称", "湖北省电化教育馆", "部门", "教师培训部"),
    ("联系人", "张三", "职务", "主任"),
    ("通讯地址", "武汉市洪山区珞喻路1号", "邮政编码", "430079"),
    ("联系电话", "（027）-87654321", "手机", "13800001234"),
    ("微信号", "zhang_hb", "QQ", "12345678"),
    ("电子邮箱", "zhang@hbe.example"),
]
BOXED = [
    *TABLE[:2],
    ("通讯地址", "武汉市洪山区珞喻路1号", "邮政编码", "4", "3", "0", "0", "7", "9"),
    ("联系电话", "（027）-87654321", "手机", *"13800001234"),
    *TABLE[4:],
]
ONE_CELL = [(f"{label}：{value}",) for row in TABLE for label, value in zip(row[::2], row[1::2], strict=True)]
SPREAD = [("联 系\n人", "", "张三"), *(row for row in TABLE if row[0] != "联系人"), ("职 务", "", "", "主任")]


@pytest.mark.parametrize("rows", [TABLE, BOXED, ONE_CELL, SPREAD])
def test_the_form_is_read_from_a_table(rows: list[tuple[str, ...]]) -> None:
    assert read_rows(rows) == WHOLE


def test_the_blank_form_says_nothing() -> None:
    blank = [
        ("单位名称", "", "部门", ""),
        ("联系人", "", "职务", ""),
        ("联系电话", "（ ）-", "手机", ""),
        ("电子邮箱", "@"),
    ]
    assert read_rows(blank) == ContactForm()
    assert not read_rows(blank).recognised


def test_a_mail_that_only_mentions_a_contact_is_no_form() -> None:
    letter = "请问联系人信息表的电子邮箱填谁的？我的手机 13800001234，谢谢。联系人：王老师"
    assert not read_text(letter).recognised


@pytest.mark.parametrize(
    ("changes", "faults", "missing"),
    [
        ({}, [], ()),
        ({"mobile": ""}, ["“手机”没有填写。"], ("手机",)),
        (
            {"mobile": "1380000"},
            ["“手机”应为11位数字，例如13800001234，表中写的是“1380000”。"],
            ("手机",),
        ),
        (
            {"email": "zhang#hbe.example"},
            ["“电子邮箱”格式不正确，例如name@example.com，表中写的是“zhang#hbe.example”。"],
            ("电子邮箱",),
        ),
        ({"postcode": "4300"}, ["“邮政编码”应为6位数字，表中写的是“4300”。"], ()),
        (
            {"unit": "", "name": "", "email": ""},
            ["“单位名称”没有填写。", "“联系人”没有填写。", "“电子邮箱”没有填写。"],
            ("单位名称", "联系人", "电子邮箱"),
        ),
        ({"wechat": "", "qq": "", "phone": "", "department": ""}, [], ()),
    ],
)
def test_what_is_missing_or_wrong_is_said(changes: dict[str, str], faults: list[str], missing: tuple[str, ...]) -> None:
    form = ContactForm(**{**{name: getattr(WHOLE, name) for name in WHOLE.__dataclass_fields__}, **changes})
    assert [fault.message for fault in faults_of(form)] == faults
    assert missing_of(form) == missing


def test_the_form_that_says_most_counts() -> None:
    poor = ContactForm(unit="甲", name="乙")
    assert best_of([poor, WHOLE, ContactForm()]) == WHOLE
    assert best_of([]) == ContactForm()


@with_any(st.text(max_size=400))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert tidied(read_text(text)) == read_text(text)
    assert read_rows([(text, text), ("手机", text)]) is not None
