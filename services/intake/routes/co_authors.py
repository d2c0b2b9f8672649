"""Pages for co-authors: read what was said about oneself, confirm or refuse, signed in or by the link of a letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, make_response, redirect, request
from wtforms import BooleanField, HiddenField

from services.intake import queries
from services.intake.handlers import co_authors as commands
from services.intake.queries import SharedCase
from services.intake.routes.at_hand import account, closed_page, opened, pieces
from services.intake.routes.forms.fields import PlainForm
from shared.trouble import NotThere
from shared.web.access import asks, public, who
from shared.web.app import received_at
from shared.web.forms import answer_form
from shared.web.wording import moment

LIST = ("返回我的案例", "/cases")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who reads, under which address, and where they go from there."""

    by: commands.Answerer
    here: str
    button: str
    back: tuple[str, str] | None


class TellForm(PlainForm):
    """Whom to tell, by their pseudonym."""

    person = HiddenField()
    refused_title = "未能告知"


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))


@asks("own_cases")
def read(case_id: str) -> Response:
    """A listed co-author reads the sheet and confirms the declaration."""
    shared = queries.shared_case(pieces(), case_id, account())
    return _read(shared, _signed_in(case_id), done="您已确认作者声明。")


@asks("own_cases")
def refuse(case_id: str) -> Response:
    """A listed co-author refuses to be named, after reading what follows."""
    shared = queries.shared_case(pieces(), case_id, account())
    return _refuse(shared, _signed_in(case_id), onward="/cases")


@public
def read_by_link(case_id: str, code: str) -> Response:
    """The same without an account: opening the link spends nothing, answering does."""
    if answered := _answered(case_id, code):
        return answered
    return _read(queries.invited_case(pieces(), case_id, code), _by_link(case_id, code), done="")


@public
def refuse_by_link(case_id: str, code: str) -> Response:
    """Refuse without an account."""
    if answered := _answered(case_id, code):
        return answered
    reader = _by_link(case_id, code)
    return _refuse(queries.invited_case(pieces(), case_id, code), reader, onward=reader.here)


@asks("own_cases")
def tell_again(case_id: str) -> Response:
    """The holder lets a co-author be told once more."""
    _, case, _ = opened(case_id)
    form = TellForm()
    person = form.person.data or request.args.get("person", "")
    author = next((each for each in case.authors.people if person and each.person == person), None)
    if author is None:
        raise NotThere("这位作者已不在作者信息中。")
    form.person.data = person

    def act() -> Response:
        name = commands.tell_again(
            pieces(),
            commands.TellAgain(
                case_id=case_id,
                account_id=who().id,
                person=person,
                received_at=received_at(),
                command=form.command,
            ),
        )
        flash(f"已重新告知{name}，以前的链接不再有效。", "done")
        return _to(f"/cases/{case_id}")

    heading, lead = f"重新告知{author.name}", "将再次发出邮件或站内消息，附上新的链接；以前发出的链接随之失效。"
    back = ("返回案例", f"/cases/{case_id}")
    return answer_form(form, "form.html", act, heading=heading, lead=lead, button="重新告知", back=back)


def _signed_in(case_id: str) -> Reader:
    by = commands.Answerer(account_id=who().id)
    return Reader(by=by, here=f"/cases/{case_id}/read", button="以本人账号确认", back=LIST)


def _by_link(case_id: str, code: str) -> Reader:
    return Reader(by=commands.Answerer(code=code), here=f"/co-author/{case_id}/{code}", button="确认", back=None)


def _answered(case_id: str, code: str) -> Response | None:
    """What a used link still shows: that it was answered, and how; it opens nothing more."""
    found = queries.answered_by_link(pieces(), case_id, code)
    if found is None:
        return None
    did = "表示不同意列为作者，您的姓名不会印制或公布" if found.refused else "确认作者声明"
    why = f"您已于{moment(found.at)}{did}。链接只能使用一次；需要更改的，请用本人手机号注册、登录后办理。"
    return closed_page("作者信息确认", why, above=found.title, onward=[("作者登录", "/login"), ("注册", "/register")])


def _read(shared: SharedCase, reader: Reader, *, done: str) -> Response:
    form = _confirm_form(shared)()
    form.refused_title = "未能确认"

    def act() -> Response:
        commands.confirm_authorship(pieces(), _command(shared, reader, form, consents=_ticked(shared, form)))
        if done:
            flash(done, "done")
        return _to(reader.here)

    return answer_form(form, "read.html", act, shared=shared, reader=reader, back=reader.back)


def _refuse(shared: SharedCase, reader: Reader, *, onward: str) -> Response:
    if shared.is_mine:
        raise NotThere()
    if request.method == "GET" and shared.no_refusal:
        return closed_page("不同意列为作者", shared.no_refusal, above=shared.title, onward=[("返回", reader.here)])
    form = PlainForm()
    form.refused_title = "未能办理"

    def act() -> Response:
        commands.refuse_authorship(pieces(), _command(shared, reader, form))
        flash("已记录：您不同意列为作者。您的信息已从草稿中删去，案例的填写人会收到通知。", "done")
        return _to(onward)

    return answer_form(form, "refuse.html", act, shared=shared, back=("返回", reader.here))


def _command(
    shared: SharedCase, reader: Reader, form: PlainForm, *, consents: Sequence[str] = ()
) -> commands.AnswerAuthorship:
    return commands.AnswerAuthorship(
        case_id=shared.id, by=reader.by, consents=tuple(consents), received_at=received_at(), command=form.command
    )


def _confirm_form(shared: SharedCase) -> type[PlainForm]:
    """Only a button where consents are conditions; else a box for each."""
    boxes: dict[str, Any] = {
        f"consent_{each.code}": BooleanField(each.wording)
        for each in shared.consents
        if not shared.consents_are_conditions
    }
    return type("ConfirmForm", (PlainForm,), boxes)


def _ticked(shared: SharedCase, form: PlainForm) -> tuple[str, ...]:
    fields = {each.code: f"consent_{each.code}" for each in shared.consents}
    return tuple(code for code, name in fields.items() if name in form and form[name].data)
