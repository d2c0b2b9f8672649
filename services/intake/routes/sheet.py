"""Pages of the information sheet: about the case, its authors, the declaration. Each saves its own part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from flask import Response, flash, jsonify, make_response, redirect, request
from wtforms.fields import SelectChoice

from services.intake.adapters.sheet_docx import write_sheet
from services.intake.app import App
from services.intake.domain.case import Case
from services.intake.domain.sheet import About, Agreed, Authors, Declaration, SavedMeanwhile, Studio, same
from services.intake.domain.window import in_the_way
from services.intake.handlers.cases import SavePart, save_part
from services.intake.queries import CasePage, answers_on, category_name, page_of, sign_sheet, unsent_on
from services.intake.routes.at_hand import closed_page, opened, pieces, submission_bell
from services.intake.routes.files import upload_box
from services.intake.routes.forms.fields import is_draft
from services.intake.routes.forms.files import FileForm
from services.intake.routes.forms.sheet import (
    AuthorsForm,
    DeclarationForm,
    SheetForm,
    as_rev,
    declaration_form,
    shown_declaration,
)
from shared.campaign.model import Campaign
from shared.trouble import Refused
from shared.web.access import asks, who
from shared.web.admission import saves_every
from shared.web.app import received_at
from shared.web.download import attachment
from shared.web.forms import ChineseForm, answer_form
from shared.web.problems import problem, wants_json


@asks("own_cases")
def about(case_id: str) -> Response:
    """Name, category, summary, and a studio's facts."""
    app, case, campaign = opened(case_id)
    form = SheetForm()
    form.offer(campaign)
    if not form.is_submitted():
        form.show(_to_show(case, case.about))

    def act() -> Response:
        typed = _typed_about(form)
        try:
            rev = _save(app, case, typed)
        except SavedMeanwhile as meanwhile:
            assert isinstance(meanwhile.current, About)
            _show_difference(form, typed, meanwhile.current, _about_shown(meanwhile.current, campaign))
            raise
        return _saved(case_id, rev, onward="authors")

    return _answer(form, "sheet.html", act, app, case, campaign)


def _typed_about(form: SheetForm) -> About:
    return About(
        rev=as_rev(form.rev.data),
        title=form.title.data or "",
        category=form.category.data or "",
        summary=form.summary.data or "",
        studio=Studio(
            address=form.studio_address.data or "",
            contribution=form.studio_contribution.data,
            live_sessions=form.studio_live_sessions.data,
        ),
    )


def _about_shown(about: About, campaign: Campaign) -> dict[str, tuple[object, str]]:
    """Each field's value and how a person reads it."""
    category = category_name(campaign, about.category)
    return {
        "title": (about.title, about.title),
        "category": (about.category, category),
        "summary": (about.summary, about.summary),
        "studio_address": (about.studio.address, about.studio.address),
        "studio_contribution": (about.studio.contribution, str(about.studio.contribution)),
        "studio_live_sessions": (about.studio.live_sessions, str(about.studio.live_sessions)),
    }


@asks("own_cases")
def authors(case_id: str) -> Response:
    """At most three authors."""
    app, case, campaign = opened(case_id)
    form = AuthorsForm()
    form.limit = campaign.limits.authors
    if not form.is_submitted():
        form.show(_to_show(case, case.authors))

    def act() -> Response:
        typed = form.authors()
        try:
            rev = _save(app, case, typed)
        except SavedMeanwhile as meanwhile:
            assert isinstance(meanwhile.current, Authors)
            _show_authors(form, meanwhile.current)
            raise
        return _saved(case_id, rev, onward="document")

    return _answer(form, "authors.html", act, app, case, campaign)


def _show_authors(form: AuthorsForm, current: Authors) -> None:
    names = "、".join(f"{author.name}（{author.unit}，{author.mobile}）" for author in current.people) or "没有作者"
    form.rev.data = str(current.rev)
    form.people[0].form.name.errors = [f"另一个窗口保存的是：{names}"]


@asks("own_cases")
def declaration(case_id: str) -> Response:
    """Declaration, consents, sources, and the signed sheet."""
    app, case, campaign = opened(case_id)
    form = declaration_form(campaign)(data=shown_declaration(_to_show(case, case.declaration)))
    form.signed_on_scan.choices = [
        SelectChoice(author.person, author.name) for author in case.authors.people if author.name
    ]

    def act() -> Response:
        typed = _typed_declaration(form, campaign, app, at=received_at())
        try:
            rev = _save(app, case, typed)
        except SavedMeanwhile as meanwhile:
            assert isinstance(meanwhile.current, Declaration)
            shown = shown_declaration(meanwhile.current)
            words = {name: (value, _in_words(value)) for name, value in shown.items() if name != "rev"}
            _show_difference(form, typed, meanwhile.current, words)
            raise
        return _saved(case_id, rev, onward="check")

    return _answer(form, "declaration.html", act, app, case, campaign)


def _typed_declaration(form: DeclarationForm, campaign: Campaign, app: App, *, at: datetime) -> Declaration:
    person = app.accounts.get(who().id).person

    def agreed(code: str, wording: str) -> Agreed:
        return Agreed(code=code, wording=wording, by=person, at=at)

    consents = campaign.texts.consents
    return Declaration(
        rev=as_rev(form.rev.data),
        declared=agreed("declaration", campaign.texts.declaration) if form.declared.data else None,
        consents=tuple(agreed(each.code, each.wording) for each in consents if form[f"consent_{each.code}"].data),
        sources=form.sources.data or "",
        minors=form.minors.data or "",
        signed_on_scan=tuple(form.signed_on_scan.data or ()),
    )


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "已勾选" if value else "未勾选"
    return {"none": "没有出现", "consented": "有出现，已取得监护人同意"}.get(str(value), str(value))


@asks("own_cases")
def printable(case_id: str) -> Response:
    """附表1 in Word, filled in, to be printed and signed."""
    app, case, _ = opened(case_id)
    content = write_sheet(sign_sheet(app, case))
    return attachment(content, name="附表1-案例信息表.docx", media_type=DOCX)


@asks("own_cases")
def printable_pdf(case_id: str) -> Response:
    """The same as PDF, which prints alike everywhere."""
    app, case, _ = opened(case_id)
    content = app.sheet_pdf.pdf(sign_sheet(app, case))
    return attachment(content, name="附表1-案例信息表.pdf", media_type="application/pdf")


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TITLES = {"sheet": "案例信息表", "authors": "作者信息", "declaration": "作者声明与共享提示"}


def _save(app: App, case: Case, part: About | Authors | Declaration) -> int:
    """Keep a part. Saving the same again changes nothing, so it needs no command id (autosave would fill the list)."""
    whole = not is_draft()
    return save_part(
        app, SavePart(case_id=case.id, account_id=who().id, part=part, received_at=received_at(), whole=whole)
    )


P = TypeVar("P", About, Authors, Declaration)


def _to_show(case: Case, part: P) -> P:
    """What a form opens with: what its author typed after the bell, where that was kept, on the draft's revision."""
    sent = case.unsent and getattr(case.unsent, type(part).__name__.lower())
    campaign = pieces().campaigns.get(case.campaign_id)
    if not sent or request.method != "GET" or in_the_way(lambda: case.check_drafting(campaign, pieces().clock())):
        return part
    flash("已填入您在截止后填写、没有保存到案例中的内容，请核对后保存。")
    shown: P = replace(sent, rev=part.rev)
    return shown


def _show_difference(
    form: Any,
    typed: About | Declaration,
    current: About | Declaration,
    shown: Mapping[str, tuple[object, str]],
) -> None:
    """Put what the other tab saved beside each field that differs; saving again is then made on its revision."""
    for name, (value, words) in shown.items():
        field = form[name]
        if (field.data or None) != (value or None):
            field.errors = [f"另一个窗口保存的是：“{words or '空'}”"]
    form.rev.data = str(current.rev)
    assert not (isinstance(typed, About) and isinstance(current, About) and same(typed, current))


def _saved(case_id: str, rev: int, *, onward: str) -> Response:
    """After a saving: a script gets the revision, a person goes on, or back to the task list with a draft."""
    if wants_json():
        return jsonify(rev=rev, saved_at=pieces().clock().isoformat(), save_every=saves_every())
    flash("草稿已保存。", "done")
    target = f"/cases/{case_id}" if is_draft() else f"/cases/{case_id}/{onward}"
    return make_response(redirect(target, 303))


def _answer(
    form: ChineseForm, template: str, act: Callable[[], Response], app: App, case: Case, campaign: Campaign
) -> Response:
    name, back = template.removesuffix(".html"), ("返回案例", f"/cases/{case.id}")

    def closed(why: str, page: CasePage) -> Response:
        receipt = [("查看回执", f"/cases/{case.id}/receipt")] if page.was_submitted else []
        return closed_page(
            _TITLES[name],
            why,
            above=f"{page.title} · {page.state}",
            answers=answers_on(app, case, name),
            unsent=unsent_on(app, app.cases.get(case.id), name),
            onward=[*receipt, back],
        )

    def saving() -> Response:
        try:
            return act()
        except Refused as refused:
            if refused.code != "window-closed":
                raise
            if wants_json():
                return problem(refused.status, refused.code, refused.message)
            return closed(refused.message, page_of(app, case))

    if request.method == "GET" and not (page := page_of(app, case)).can_edit:
        return closed(page.no_edit, page)
    form.refused_title = "未能保存"

    def shown() -> dict[str, Any]:
        page = page_of(app, case)
        return {
            "page": page,
            "campaign": campaign,
            "box": upload_box(case, "sheet", campaign),
            "scan_form": FileForm(formdata=None),
            "bell": submission_bell(campaign, saved_at=case.saved_at, late_until=page.late_until),
            "back": back,
        }

    return answer_form(form, template, saving, beside=shown)
