"""The provincial contact form (附表2): found in rows of cells, however people lay it out, and judged."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from shared.text import MAIL

LABELS: dict[str, tuple[str, ...]] = {
    "unit": ("单位名称", "组织单位", "活动组织单位", "工作单位", "单位"),
    "department": ("部门", "所在部门", "处室", "科室", "部门处室"),
    "name": ("联系人", "联系人姓名", "姓名"),
    "post": ("职务", "职称职务", "职务职称", "职称/职务", "职务/职称"),
    "address": ("通讯地址", "通信地址", "联系地址", "地址"),
    "postcode": ("邮政编码", "邮编"),
    "phone": ("联系电话", "办公电话", "固定电话", "座机", "电话"),
    "mobile": ("手机", "手机号", "手机号码", "移动电话", "联系手机"),
    "wechat": ("微信号", "微信"),
    "qq": ("QQ", "QQ号", "QQ号码"),
    "email": ("电子邮箱", "邮箱", "电子邮件", "电子信箱", "E-mail", "Email"),
}
"""Every field with its name on the form first, then the names people write instead."""

NEEDED = ("unit", "name", "mobile", "email")
"""Without these nobody can be given an account."""

RECOGNISED = 3
"""So many filled fields make a mail a contact form."""

_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class ContactForm:
    """What a contact form says, tidied; an empty string where it says nothing."""

    unit: str = ""
    department: str = ""
    name: str = ""
    post: str = ""
    address: str = ""
    postcode: str = ""
    phone: str = ""
    mobile: str = ""
    wechat: str = ""
    qq: str = ""
    email: str = ""

    @property
    def filled(self) -> int:
        """How many fields say something."""
        return sum(bool(getattr(self, field.name)) for field in fields(self))

    @property
    def recognised(self) -> bool:
        """Whether there is enough of it to be a contact form at all."""
        return self.filled >= RECOGNISED and bool(self.unit or self.name)


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field, in words for the sender. ``field`` is its name in ``ContactForm``."""

    field: str
    message: str


def label_of(field: str) -> str:
    """What the form calls a field."""
    return LABELS[field][0]


def faults_of(form: ContactForm) -> tuple[Fault, ...]:
    """What is missing or wrong, in the order of the form."""
    found = []
    for field in LABELS:
        text = getattr(form, field)
        if not text:
            if field in NEEDED:
                found.append(Fault(field, f"“{label_of(field)}”没有填写。"))
        elif field in _CHECKS and not re.fullmatch(_CHECKS[field][0], text):
            found.append(Fault(field, f"“{label_of(field)}”{_CHECKS[field][1]}，表中写的是“{text}”。"))
    return tuple(found)


_CHECKS = {
    "postcode": (r"\d{6}", "应为6位数字"),
    "mobile": (r"1[3-9]\d{9}", "应为11位数字，例如13800001234"),
    "email": (MAIL, "格式不正确，例如name@example.com"),
}


def missing_of(form: ContactForm) -> tuple[str, ...]:
    """The needed fields, by their name on the form, that nobody can make use of as they are."""
    return tuple(label_of(fault.field) for fault in faults_of(form) if fault.field in NEEDED)


# Finding it


def read_rows(rows: Iterable[Sequence[str]]) -> ContactForm:
    """The form in rows of cells: a label and its value stand in neighbouring cells, or in one with a colon."""
    found: dict[str, str] = {}
    for row in rows:
        waiting, values = "", [""]
        for cell in [*row, "单位"]:  # a label at the end closes the last value
            text = " ".join(unicodedata.normalize("NFKC", cell).split())
            field = _field_named(text)
            if not field and waiting:
                values.append(text)
            elif not field:
                for name, value in _pairs_in(text):
                    _keep(found, name, value)
            else:
                _keep(found, waiting, _one_of(values))
                waiting, values = field, [""]
    return tidied(ContactForm(**found))


def _one_of(values: Sequence[str]) -> str:
    """The value that neighbouring cells make: letters in boxes of their own belong together."""
    boxed = len(values) > 2 and all(len(value) <= 1 for value in values)
    return "".join(values) if boxed else next(filter(None, values), "")


def read_text(text: str) -> ContactForm:
    """The form in running text: label and value in one line, several in one line, or the value in the next line."""
    found: dict[str, str] = {}
    waiting = ""
    for line in unicodedata.normalize("NFKC", text).splitlines():
        words = line.lstrip("> \t|").rstrip("| \t")
        if not words:
            continue
        pairs = _pairs_in(words)
        if pairs:
            for name, value in pairs:
                _keep(found, name, value)
            waiting = pairs[-1][0] if not pairs[-1][1] else ""
        elif waiting:
            _keep(found, waiting, words)
            waiting = ""
    return tidied(ContactForm(**found))


def best_of(forms: Sequence[ContactForm]) -> ContactForm:
    """The form that says most, an earlier one before a later one; an empty one where there is none."""
    return max(forms, key=lambda form: form.filled, default=ContactForm())


def tidied(form: ContactForm) -> ContactForm:
    """The same with numbers and addresses as they are dialled and typed; blanks of the printed form are empty."""
    mobile = re.sub(r"[\s\-()]", "", form.mobile)
    mobile = re.sub(r"^(?:\+?86|0086)(?=1\d{10}$)", "", mobile)
    email = re.sub(r"\s", "", form.email).removeprefix("mailto:")
    email = re.sub(r"^[<(]+|[>),;.。]+$", "", email)
    return replace(
        form,
        mobile=mobile,
        email="" if email == "@" else email,
        phone=form.phone if re.search(r"\d", form.phone) else "",
        postcode=re.sub(r"\s", "", form.postcode),
        qq=re.sub(r"\s", "", form.qq),
    )


def _keep(found: dict[str, str], field: str, value: str) -> None:
    value = value.strip(" \t,;、_")[:_LONGEST]
    if field and value and not found.get(field):
        found[field] = value


def _spaced(label: str) -> str:
    """A pattern for a label whose letters may stand apart: 联 系 人."""
    return r"\s*".join(re.escape(letter) for letter in unicodedata.normalize("NFKC", label))


_FIELD_OF = {
    re.sub(r"\s", "", unicodedata.normalize("NFKC", label)).lower(): field
    for field, labels in LABELS.items()
    for label in labels
}
_ANY_LABEL = "|".join(_spaced(label) for label in sorted(_FIELD_OF, key=len, reverse=True))
_LABEL_IN_LINE = re.compile(rf"(?:^|(?<=[\s,;、|]))({_ANY_LABEL})\s*(?::|\s|$)", re.I)


def _field_named(cell: str) -> str:
    """The field a cell is the label of; an empty string where it is none."""
    bare = re.sub(r"[\s:]", "", cell).lower()
    return _FIELD_OF.get(bare, "")


def _pairs_in(line: str) -> list[tuple[str, str]]:
    """Labels in a line, each with the text up to the next label."""
    hits = list(_LABEL_IN_LINE.finditer(line))
    if not hits or line[: hits[0].start()].strip(" \t0123456789.、()*·-•"):
        return []
    ends = [*(hit.start() for hit in hits[1:]), len(line)]
    return [
        (_FIELD_OF[re.sub(r"\s", "", hit[1]).lower()], line[hit.end() : end].strip(" \t:"))
        for hit, end in zip(hits, ends, strict=True)
    ]
