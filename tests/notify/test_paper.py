"""Every letter is written whole: no missing value, styles inlined, one button, a plain twin. M1."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage
from email.policy import default

import pytest
from jinja2 import UndefinedError
from lxml import html

from services.notify.adapters.mail_reading import read_mail
from services.notify.adapters.paper import MASKED, TEMPLATES, Paper
from services.notify.domain.letter import SEALED_KINDS, Letter
from services.notify.queries import KINDS
from tests.notify.given import CASE, NOW, VALUES, a_letter, the_campaign

PAPER = Paper(public_url="https://huodong.example.cn/", sender="jsyxmoe@zhengji.example")
CAMPAIGN = the_campaign()
CODE = "7KQP-M3XA-9TBD"
FOLDERS = sorted(folder.name for folder in TEMPLATES.iterdir() if folder.is_dir())


def of_class(page: html.HtmlElement, name: str) -> list[html.HtmlElement]:
    """Elements of a class."""
    return [each for each in page.iter() if name in str(each.get("class", "")).split()]


def test_every_kind_has_its_templates_and_its_name() -> None:
    assert FOLDERS == sorted(VALUES) == sorted(KINDS)
    for folder in FOLDERS:
        files = sorted(file.name for file in (TEMPLATES / folder).iterdir())
        assert files == ["body.html", "body.txt", "subject.txt"]


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_letter_is_written_whole(kind: str) -> None:
    written = PAPER.write(a_letter(kind), campaign=CAMPAIGN, at=NOW, code=CODE)
    page = html.document_fromstring(written.html)
    styled = ("sheet", "page", "fact-label", "fact-text", "button-link", "small", "brand-name")
    assert written.subject == written.subject.strip() != ""
    assert not re.search(r"\{[{%]|None|Undefined", written.html + written.text + written.subject)
    (sheet,) = of_class(page, "sheet")
    assert "max-width: 600px" in sheet.get("style", "")
    assert all("style" in each.attrib for name in styled for each in of_class(page, name))
    assert len(of_class(page, "button-link")) <= 1
    assert not list(page.iter("img", "script", "link", "form"))
    (heading,) = page.iter("h1")
    assert "".join(map(str, heading.itertext())).strip()
    assert "style" in heading.attrib
    assert "@media" in written.html


@pytest.mark.parametrize("kind", FOLDERS)
def test_the_plain_twin_says_the_same(kind: str) -> None:
    written = PAPER.write(a_letter(kind), campaign=CAMPAIGN, at=NOW, code=CODE)
    page = html.document_fromstring(written.html)
    for link in of_class(page, "button-link"):
        assert link.get("href") in written.text
    (sheet,) = of_class(page, "page")
    said = [*of_class(page, "fact-text"), *of_class(page, "code-cell"), *sheet.iter("li"), *sheet.iter("p")]
    for each in said:
        text = "".join(each.text_content().split())
        assert text in "".join(written.text.split()) or text.startswith("如按钮无法点击")
    assert "&amp;" not in written.text
    assert CAMPAIGN.helpline.phone in written.text
    assert not re.search(r"\n{3}", written.text)


@pytest.mark.parametrize("kind", sorted(SEALED_KINDS))
def test_pages_mask_the_code(kind: str) -> None:
    written = PAPER.write(a_letter(kind), campaign=CAMPAIGN, at=NOW)
    assert MASKED in written.html
    assert MASKED in written.text


def test_a_value_nobody_gave_is_an_error() -> None:
    letter = a_letter("receipt")
    del letter.values["number"]
    with pytest.raises(UndefinedError):
        PAPER.write(letter, campaign=CAMPAIGN, at=NOW)


def test_what_people_typed_cannot_become_markup() -> None:
    letter = a_letter("receipt")
    letter.values["title"] = "<script>alert(1)</script>“标题” & <b>"
    written = PAPER.write(letter, campaign=CAMPAIGN, at=NOW)
    assert "<script" not in written.html
    assert "<script>alert(1)</script>“标题” & <b>" in written.text


def test_a_closed_window_is_not_announced() -> None:
    written = PAPER.write(a_letter("receipt"), campaign=CAMPAIGN, at=CAMPAIGN.windows.submission.closes)
    assert "报送截止" not in written.text
    assert (
        "北京时间2024年10月15日（星期二）23:59:59" in PAPER.write(a_letter("receipt"), campaign=CAMPAIGN, at=NOW).text
    )


@pytest.mark.parametrize(
    ("kind", "changes", "subject"),
    [
        ("receipt", {}, "案例报送成功：2024-42-000317"),
        ("receipt", {"case_version": 2}, "案例已更新报送：2024-42-000317"),
        ("findings", {}, "案例检查发现需要处理的问题：2024-42-000317"),
        ("findings", {"outcome": "remarks"}, "案例检查发现可以完善之处：2024-42-000317"),
        ("result", {}, "您的案例被推荐为典型案例：2024-42-000317"),
        ("result", {"outcome": "showcase"}, "您的案例被推荐为展示案例：2024-42-000317"),
        ("result", {"outcome": "not-selected"}, "案例推荐结果通知：2024-42-000317"),
        ("contact_form_incomplete", {}, "联系人信息表需要补充"),
        ("disqualification", {}, "案例被取消参加资格：2024-42-000317"),
    ],
)
def test_subjects(kind: str, changes: dict[str, object], subject: str) -> None:
    letter = a_letter(kind)
    letter.values.update(changes)
    assert PAPER.write(letter, campaign=CAMPAIGN, at=NOW).subject == subject


@pytest.mark.parametrize(
    ("role", "subject"),
    [
        ("province", "省级管理员账号激活码"),
        ("expert", "推荐专家账号激活码"),
        ("officer", "中心工作人员账号激活码"),
        ("administrator", "中心管理员账号激活码"),
    ],
)
def test_an_activation_letter_names_the_account_it_opens(role: str, subject: str) -> None:
    letter = a_letter("activation_code")
    letter.values["role"] = role
    assert PAPER.write(letter, campaign=CAMPAIGN, at=NOW).subject == subject


@pytest.mark.parametrize("kind", ["certificate", "certificate_replaced", "certificate_revoked"])
def test_a_letter_to_the_holder_says_you(kind: str) -> None:
    letter = a_letter(kind)
    assert "您的电子证书" in PAPER.write(letter, campaign=CAMPAIGN, at=NOW).text
    assert "王芳老师的电子证书" not in PAPER.write(letter, campaign=CAMPAIGN, at=NOW).text
    letter.values["author_name"] = "李明"
    assert "李明老师的电子证书" in PAPER.write(letter, campaign=CAMPAIGN, at=NOW).text


def the_mail(**changes: object) -> EmailMessage:
    parcel = PAPER.parcel(a_letter("activation_code", **changes), campaign=CAMPAIGN, at=NOW, code=CODE)
    assert b"\r\n" in parcel.content
    assert b"\n" not in parcel.content.replace(b"\r\n", b"")
    assert max(map(len, parcel.content.split(b"\r\n"))) <= 998
    return email.message_from_bytes(parcel.content, policy=default)


def test_the_mail_bears_what_others_need() -> None:
    mail = the_mail(answers="<their@mail.example>")
    letter = a_letter("activation_code")
    assert mail["Message-ID"] == letter.message_id
    assert read_mail(mail.as_bytes()).sender_name == CAMPAIGN.title
    assert (mail["To"], mail["Subject"]) == ("wang@school.example", "省级管理员账号激活码")
    assert (mail["X-Correlation-Id"], mail["Auto-Submitted"]) == ("c0ffee00c0ffee00", "auto-replied")
    assert (mail["In-Reply-To"], mail["X-Zhengji-Possibly-Twice"]) == ("<their@mail.example>", None)
    assert mail["Date"].datetime == NOW.replace(microsecond=0)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert CODE in plain.get_content()


def test_a_mail_that_may_come_twice_says_so() -> None:
    mail = the_mail(possibly_twice=True)
    assert mail["X-Zhengji-Possibly-Twice"] == "yes"
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "本邮件可能重复送达，内容相同，请以其中一封为准。" in plain.get_content()


def test_the_buttons_lead_to_the_pages() -> None:
    written = PAPER.write(a_letter("receipt"), campaign=CAMPAIGN, at=NOW)
    assert f'href="https://huodong.example.cn/cases/{CASE}/receipt?version=1"' in written.html
    assert f'href="https://huodong.example.cn/cases/{CASE}/receipt.pdf?version=1"' in written.html
    assert 'href="https://huodong.example.cn/receipts/verify"' in written.html


def as_read(letter: Letter) -> EmailMessage:
    """The mail of a letter as its reader gets it."""
    parcel = PAPER.parcel(letter, campaign=CAMPAIGN, at=NOW, code="")
    return email.message_from_bytes(parcel.content, policy=default)


def test_the_receipt_says_what_the_page_says_and_bears_the_signed_text() -> None:
    mail = as_read(a_letter("receipt"))
    plain = mail.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    for words in ("（Asia/Shanghai）", "版本：第1版", "作者（按证书印制）：王芳、李明", "核验码：ABCD-2345-EFGH-6789"):
        assert words in text
    for sha256 in ("ab" * 32, "cd" * 32, "ef" * 32):
        assert sha256 in text
    (enclosed,) = mail.iter_attachments()
    assert enclosed.get_filename() == "报送回执-2024-42-000317-第1版.json"
    assert enclosed.get_content() == a_letter("receipt").values["receipt"]["text"].encode()


def test_a_receipt_written_by_an_earlier_release_still_goes_out() -> None:
    letter = a_letter("receipt")
    del letter.values["receipt"], letter.values["hashes"]
    mail = as_read(letter)
    assert list(mail.iter_attachments()) == []
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "文件的校验值（SHA-256）可在回执页“技术信息”中查看。" in plain.get_content()
