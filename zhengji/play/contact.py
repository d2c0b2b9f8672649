"""A provincial organiser who sends the contact form (附表2) by mail: in the body, as .docx, or incomplete at first."""

from __future__ import annotations

from collections.abc import Mapping

from zhengji.play.book import Book
from zhengji.play.cast import ProvincePlan
from zhengji.play.documents import contact_form
from zhengji.play.post import Letter
from zhengji.play.world import World

_SUBJECT = "活动组织单位联系人信息表"


def fields_of(plan: ProvincePlan, *, without: str = "") -> dict[str, str]:
    """The form as it is filled in."""
    contact = plan.contact
    filled = {
        "单位名称": contact.unit,
        "部门": plan.department,
        "联系人": contact.name,
        "职务": contact.title,
        "通讯地址": f"{plan.name}人民路1号",
        "邮政编码": f"{plan.code[:2]}0001",
        "联系电话": "（0571）-88880000",
        "手机": contact.mobile,
        "微信号": f"wx{contact.mobile[-6:]}",
        "QQ": contact.mobile[-8:],
        "电子邮箱": contact.email,
    }
    return {label: "" if label == without else text for label, text in filled.items()}


def send_form(world: World, book: Book, plan: ProvincePlan) -> None:
    """Send it the way this province does, and read the answer."""
    if plan.form == "incomplete":
        _mail(world, plan, fields_of(plan, without="手机"), as_file=False)
        answer = world.until(f"{plan.name}: the answer that something is missing", lambda: _answer(world, plan, "手机"))
        book.keep_refusal("incomplete contact form", " ".join(answer.text.split())[:200])
    _mail(world, plan, fields_of(plan), as_file=plan.form == "docx")


def received(world: World, plan: ProvincePlan) -> Letter | None:
    """The answer that the form was received whole; None before it comes."""
    letters = world.post.letters(plan.contact.email)
    return next((each for each in letters if "已收到" in each.subject or "收到" in each.subject), None)


def _answer(world: World, plan: ProvincePlan, words: str) -> Letter | None:
    letters = world.post.letters(plan.contact.email)
    return next((each for each in letters if words in each.text), None)


def _mail(world: World, plan: ProvincePlan, fields: Mapping[str, str], *, as_file: bool) -> None:
    greeting = f"您好！现将{plan.name}联系人信息表报送，请查收。\n\n"
    text = greeting if as_file else greeting + "\n".join(f"{label}：{words}" for label, words in fields.items())
    attachments = [(f"附表2-{plan.name}.docx", contact_form(fields))] if as_file else []
    world.post.send(
        sender=plan.contact.email,
        to=world.mailbox,
        subject=f"{plan.name}{_SUBJECT}",
        text=text,
        attachments=attachments,
    )
