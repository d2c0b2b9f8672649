"""Forms for filling the sheet from a Word file: choosing the file, and comparing what was read with what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from wtforms import BooleanField, FileField, Form, FormField, HiddenField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import TableWidget

from services.intake.domain.mobile import is_mobile, normal_mobile
from services.intake.domain.paper_sheet import MOST_PEOPLE, PaperAuthor, PaperSheet
from services.intake.domain.sheet import (
    NAME_LETTERS,
    SUMMARY_LETTERS,
    TITLE_LETTERS,
    UNIT_LETTERS,
    About,
    Author,
    Authors,
)
from services.intake.routes.forms.fields import PlainChoice, choices
from services.intake.routes.forms.sheet import as_rev
from shared.campaign.model import Campaign
from shared.text import legible
from shared.web.forms import ChineseForm, Rows, bare

KEEP, TAKE = "keep", "take"
_MOST_ROWS = 2 * MOST_PEOPLE
_PERSON = {"name": NAME_LETTERS, "unit": UNIT_LETTERS, "title": NAME_LETTERS, "mobile": 40}


class SheetFileForm(ChineseForm):
    """The filled-in 附表1."""

    file = FileField("选择附表1（Word文档.docx）")
    refused_title = "未能读取"

    def validate_file(self, field: Any) -> None:
        """A file must come with the form."""
        found = request.files.get(field.name)
        if found is None or not found.filename:
            raise ValidationError("请先选择填好的附表1（Word文档.docx），再点击“读取并核对”。")


def _choice(label: str) -> PlainChoice:
    offered = [SelectChoice(KEEP, "保留现在填写的"), SelectChoice(TAKE, "采用文件中的")]
    return PlainChoice(f"{label}采用哪一个", choices=offered)


class _PersonForm(Form):  # type: ignore[misc]  # wtforms ships no types
    class Meta:
        """Own messages instead of the library's catalogue."""

        get_translations = ChineseForm.Meta.get_translations
        bind_field = ChineseForm.Meta.bind_field


class ReadPersonForm(_PersonForm):
    """One author from the file; ``was`` is the place of the same person among those filled in before."""

    was = HiddenField()
    name = StringField("姓名", filters=[bare])
    name_choice = _choice("姓名")
    unit = StringField("工作单位", filters=[bare])
    unit_choice = _choice("工作单位")
    title = StringField("职称/职务", filters=[bare])
    title_choice = _choice("职称/职务")
    mobile = StringField("手机", filters=[bare])
    mobile_choice = _choice("手机")
    host = BooleanField("工作室主持人")


class LeftPersonForm(_PersonForm):
    """An author filled in before whom the file does not have."""

    was = HiddenField()
    stay = PlainChoice("是否保留", choices=[SelectChoice(KEEP, "保留"), SelectChoice("drop", "不再列为作者")])


class FillForm(ChineseForm):
    """What was read, to be corrected, and where it differs from what is there, which of the two shall stand."""

    unread = HiddenField()
    """The lines on what could not be read, carried along."""
    about_rev = HiddenField()
    authors_rev = HiddenField()
    title = StringField("案例名称", filters=[bare])
    title_choice = _choice("案例名称")
    category = PlainChoice("案例类型")
    category_choice = _choice("案例类型")
    summary = TextAreaField("案例概述", filters=[bare])
    summary_choice = _choice("案例概述")
    people = Rows(FormField(ReadPersonForm), max_entries=_MOST_ROWS, widget=TableWidget())
    left = Rows(FormField(LeftPersonForm), max_entries=_MOST_ROWS, widget=TableWidget())
    order_choice = _choice("作者顺序")
    refused_title = "还不能填入"

    def offer(self, campaign: Campaign) -> None:
        """Fill the choices from the campaign."""
        self.category.choices = choices(campaign.categories)

    def show(self, paper: PaperSheet, about: About, authors: Authors) -> None:
        """Fill the fields with what was read, beside the sheet as it is now."""
        was = matched([(each.name, each.mobile) for each in paper.authors], authors.people)
        people = [
            {
                "was": place,
                **{name: getattr(each, name) for name in _PERSON},
                "host": each.host or _hosts(authors, place),
            }
            for each, place in zip(paper.authors, was, strict=True)
        ]
        left = [{"was": str(place)} for place in range(len(authors.people)) if str(place) not in was]
        data = {"title": paper.title, "category": paper.category or None, "summary": paper.summary}
        revs = {"about_rev": str(about.rev), "authors_rev": str(authors.rev), "unread": "\n".join(paper.unread)}
        self.process(data={**data, **revs, "people": people, "left": left})

    def paper(self) -> PaperSheet:
        """What was read, as the person left it on the page."""
        people = tuple(
            PaperAuthor(host=bool(each.form.host.data), **{name: each.form[name].data or "" for name in _PERSON})
            for each in self.people
        )
        return PaperSheet(
            title=self.title.data or "",
            category=self.category.data if self.category.data != "None" else "",
            summary=self.summary.data or "",
            authors=people,
            unread=tuple((self.unread.data or "").splitlines()),
            recognised=True,
        )

    def is_of(self, about: About, authors: Authors) -> bool:
        """Whether it was made beside the sheet as it is now."""
        return (as_rev(self.about_rev.data), as_rev(self.authors_rev.data)) == (about.rev, authors.rev)


def _hosts(authors: Authors, place: str) -> bool:
    return bool(place) and authors.people[int(place)].host


def matched(read: Sequence[tuple[str, str]], people: Sequence[Author]) -> list[str]:
    """For each author read (name, mobile) the place of the same person: by mobile, else by name; "" for nobody."""
    free = dict(enumerate(people))
    was = [""] * len(read)
    for same in (_same_mobile, _same_name):
        for n, each in enumerate(read):
            place = next((place for place, author in free.items() if not was[n] and same(each, author)), None)
            if place is not None:
                was[n] = str(place)
                del free[place]
    return was


def _same_mobile(read: tuple[str, str], author: Author) -> bool:
    return bool(read[1]) and _mobile(read[1]) == author.mobile


def _same_name(read: tuple[str, str], author: Author) -> bool:
    return bool(read[0]) and read[0] == author.name


def _mobile(written: str) -> str:
    return normal_mobile(written) if is_mobile(written) else written


@dataclass(kw_only=True)
class Line:
    """One field of the sheet: what is there now, what was read, and the choice between the two."""

    label: str
    field: Any
    choice: Any
    now: str
    now_words: str
    most: int

    @property
    def read(self) -> str:
        """What the file says, or what the person made of it."""
        return str(self.field.data or "") if self.field.data != "None" else ""

    @property
    def state(self) -> str:
        """same, new, differs or unread."""
        read, now = legible(self.read), legible(self.now)
        if not read:
            return "unread"
        if read == now:
            return "same"
        return "differs" if now else "new"

    @property
    def answer(self) -> str:
        """What shall stand."""
        takes = self.state == "new" or (self.state == "differs" and self.choice.data == TAKE)
        return self.read if takes else self.now

    def check(self) -> bool:
        """Whether it is decided, and what was decided for can be kept; else the message stands beside the field."""
        if self.state == "differs" and self.choice.data not in (KEEP, TAKE):
            self.choice.errors = [f"请选择“{self.label}”保留现在填写的，还是采用文件中的。"]
            return False
        over = len(self.answer) - self.most
        if self.answer != self.now and over > 0:
            self.field.errors = [f"{self.label}最多{self.most}个字，请删去{over}个字。"]
            return False
        return True


@dataclass(kw_only=True)
class PersonLines:
    """One author from the file with the lines about them."""

    form: Any
    lines: tuple[Line, ...]
    was: Author | None

    @property
    def is_same(self) -> bool:
        """Whether the file says just what is there now."""
        return all(line.state == "same" for line in self.lines)

    @property
    def is_blank(self) -> bool:
        """Whether nobody is left of it."""
        return self.was is None and not any(line.answer for line in self.lines)

    def author(self) -> Author:
        """The author as decided; what the paper does not ask for stays."""
        now = self.was or Author()
        said = {line.field.short_name: line.answer for line in self.lines}
        return Author(
            name=said["name"],
            unit=said["unit"],
            title=said["title"],
            mobile=_mobile(said["mobile"]),
            email=now.email,
            host=bool(self.form.host.data),
        )


class Comparison:
    """The form beside the sheet as it is now."""

    def __init__(self, form: FillForm, about: About, authors: Authors, campaign: Campaign) -> None:
        self._form, self._about, self._authors, self._limits = form, about, authors, campaign.limits
        self._studios = {each.code for each in campaign.categories if each.studio}
        names = {each.code: each.name for each in campaign.categories}
        self.lines = (
            _line(form, "title", about.title, TITLE_LETTERS),
            _line(form, "category", about.category, 100, words=names.get(about.category, "")),
            _line(form, "summary", about.summary, SUMMARY_LETTERS),
        )
        self.people = tuple(self._person(entry.form) for entry in form.people)
        pairs = [(entry.form, self._was(entry.form)) for entry in form.left]
        self.left = tuple((form, author) for form, author in pairs if author is not None)

    def _was(self, form: Any) -> Author | None:
        place = as_rev(form.was.data)
        return self._authors.people[place] if 0 <= place < len(self._authors.people) else None

    def _person(self, form: Any) -> PersonLines:
        was = self._was(form)
        lines = tuple(_line(form, name, getattr(was, name, ""), most) for name, most in _PERSON.items())
        return PersonLines(form=form, lines=lines, was=was)

    @property
    def orders(self) -> tuple[str, str] | None:
        """The order of the same authors now and in the file, where it differs."""
        now = [as_rev(each.form.was.data) for each in self.people if each.was]
        if now == sorted(now):
            return None
        names = {place: author.name for place, author in enumerate(self._authors.people)}
        return "、".join(names[place] for place in sorted(now)), "、".join(names[place] for place in now)

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, or is doubtful."""
        return tuple((self._form.unread.data or "").splitlines())

    @property
    def has_people(self) -> bool:
        """Whether authors are filled in now."""
        return bool(self._authors.people)

    @property
    def shows_host(self) -> bool:
        """Whether a studio's host is asked for."""
        hosts = [each.form.host.data for each in self.people] + [each.host for each in self._authors.people]
        return any(hosts) or not self._studios.isdisjoint({self.lines[1].read, self.lines[1].now})

    def check(self) -> bool:
        """Whether everything is decided; each thing that is not has its message."""
        fits = all([line.check() for line in self._all_lines()])  # noqa: C419  # every line says its message
        for form, author in self.left:
            if form.stay.data not in (KEEP, "drop"):
                form.stay.errors = [f"文件中没有作者“{author.name}”，请选择是否保留。"]
                fits = False
        if self.orders and self._form.order_choice.data not in (KEEP, TAKE):
            self._form.order_choice.errors = ["请选择“作者顺序”保留现在填写的，还是采用文件中的。"]
            fits = False
        many = len(self.authors().people)
        if many > self._limits.authors:
            over = many - self._limits.authors
            most, how = self._limits.authors, "清空文件中多出的作者，或选择“不再列为作者”"
            message = f"作者共{many}人，每件案例不超过{most}人，请减少{over}人：{how}。"
            self._form.form_errors = [message]
            fits = False
        return fits

    def _all_lines(self) -> Iterator[Line]:
        yield from self.lines
        for person in self.people:
            yield from person.lines

    def about(self) -> About:
        """The case as decided; a studio's facts are not on the paper and stay."""
        title, category, summary = (line.answer for line in self.lines)
        return About(rev=self._about.rev, title=title, category=category, summary=summary, studio=self._about.studio)

    def authors(self) -> Authors:
        """The authors as decided, in the order of the file (or as they were), then those who stay."""
        people = [each for each in self.people if not each.is_blank]
        if self.orders and self._form.order_choice.data == KEEP:
            people.sort(key=lambda each: as_rev(each.form.was.data) if each.was else len(self._authors.people))
        staying = [author for form, author in self.left if form.stay.data != "drop"]
        return Authors(rev=self._authors.rev, people=(*(each.author() for each in people), *staying))


def _line(form: Any, name: str, now: str, most: int, *, words: str = "") -> Line:
    field = form[name]
    return Line(
        label=field.label.text,
        field=field,
        choice=form[f"{name}_choice"],
        now=now,
        now_words=words or now,
        most=most,
    )
