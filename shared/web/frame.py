"""What surrounds every page: navigation by role, the bell, the footer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask, g, request
from flask_wtf.csrf import generate_csrf

from shared.campaign.copy import Campaigns
from shared.clock import Clock
from shared.identity import Principal
from shared.settings import ServiceSettings
from shared.trouble import Away, NotThere
from shared.version import VERSION
from shared.web import kept
from shared.web.access import somebody
from shared.web.assets import asset
from shared.web.wording import FILTERS, left


@dataclass(frozen=True)
class Place:
    """One entry of the navigation."""

    text: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Bell:
    """The strip under the header of pages where a window matters; ``closes`` is the half-open end of the window.

    ``clock`` is where a page asks for the server's time, in milliseconds; empty: the time in the page has to do.
    """

    closes: datetime
    text: str = "报送截止"
    saved_at: datetime | None = None
    clock: str = ""

    @property
    def short(self) -> str:
        """What a narrow screen says instead of ``text``."""
        return self.text.removeprefix("报送")


@dataclass(frozen=True, kw_only=True)
class Masthead:
    """What head and foot of the page say of this campaign; a service reads it from the campaign it has heard."""

    product_name: str = "教师研修应用案例征集"
    subtitle: str = ""
    help_line: str = ""
    help_hours: str = ""
    mailbox: str = ""


def masthead_of(campaigns: Campaigns) -> Masthead:
    """What the head and foot of each page say of the current campaign; before the first one, nothing."""
    try:
        campaign = campaigns.current()
    except NotThere:
        return Masthead()
    return Masthead(
        subtitle=campaign.subtitle,
        help_line=campaign.helpline.phone,
        help_hours=campaign.helpline.hours,
        mailbox=campaign.mailbox,
    )


PUBLIC_PLACES = (
    Place("通知与要求", "/notices"),
    Place("公布名单", "/results"),
    Place("案例展示", "/showcase"),
    Place("证书查询", "/certificates"),
)
AUTHOR_PLACES = (
    Place("我的案例", "/cases"),
    *PUBLIC_PLACES,
    Place("消息", "/messages"),
    Place("我的账号", "/account"),
    Place("退出", "/logout"),
)
STAFF_OUT = (Place("消息", "/messages"), Place("退出", "/staff/logout"))
PROVINCE_PLACES = (Place("本省案例", "/province"), *PUBLIC_PLACES, *STAFF_OUT)
EXPERT_PLACES = (Place("我的推荐任务", "/expert"), Place("通知与要求", "/notices"), *STAFF_OUT)
CENTRE_PLACES = (Place("工作台", "/centre"), Place("信件", "/letters"), *PUBLIC_PLACES, Place("退出", "/staff/logout"))


def places_of(person: Principal | None) -> tuple[Place, ...]:
    """The navigation for a person's roles."""
    if person is None:
        return (*PUBLIC_PLACES, Place("作者登录", "/login"))
    if person.kind == "author":
        return AUTHOR_PLACES
    if person.roles & {"officer", "administrator"}:
        return CENTRE_PLACES
    if person.roles & {"province", "helper"}:
        return PROVINCE_PLACES
    return EXPERT_PLACES


def current_place(places: tuple[Place, ...], path: str) -> str | None:
    """The entry a path lies under: the longest that fits."""
    under = [place.href for place in places if path == place.href or path.startswith(f"{place.href}/")]
    return max(under, key=len, default=None)


def install_frame(app: Flask, *, settings: ServiceSettings, masthead: Callable[[], Masthead], clock: Clock) -> None:
    """Give templates the filters, ``asset`` and everything the frame shows; a page's own values win."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        asset=asset,
        left=left,
        luggage=kept.luggage,
        kind_of=kind_of,
        errors_of=errors_of,
        summary_title=summary_title,
        csrf_token=generate_csrf,
    )

    head = Masthead()

    @app.context_processor
    def surroundings() -> dict[str, Any]:
        nonlocal head
        turned_away = g.get("turned_away", False)  # such an answer asks nobody, and costs little
        person = None if turned_away else _unless_away(somebody, None)
        places = () if turned_away else places_of(person)
        if not turned_away:
            head = _unless_away(masthead, Masthead())
        return {
            "me": person,
            "places": places,
            "current": current_place(places, request.path),
            "masthead": head,
            "operator": settings.operator_name,
            "filing_number": settings.filing_number,
            "version": VERSION,
            "now": clock(),
            "bell": None,
            "back": None,
            "wide": False,
        }


Found = TypeVar("Found")


def _unless_away(find: Callable[[], Found], otherwise: Found) -> Found:
    """What the frame would like to know; the page that reports a missing dependency must not need it."""
    try:
        return find()
    except Away:
        return otherwise


def kind_of(field: Any) -> str:
    """How a field is drawn: text, textarea, select, radios, checkboxes, checkbox, password, file, hidden …"""
    widget = type(field.widget).__name__
    if widget == "ListWidget":
        return "checkboxes" if type(field.option_widget).__name__ == "CheckboxInput" else "radios"
    if widget == "Select" and field.widget.multiple:
        return "checkboxes"
    drawn = {"TextArea": "textarea", "Select": "select", "CheckboxInput": "checkbox", "FileInput": "file"}
    return drawn.get(widget) or str(getattr(field.widget, "input_type", "text"))


def errors_of(form: Any) -> list[tuple[str | None, str]]:
    """Every message of a form with the id of the field it is beside: what the error summary lists."""
    found: list[tuple[str | None, str]] = [(None, message) for message in form.form_errors]
    for field in form:
        found += _errors_in(field)
    return found


def summary_title(form: Any) -> str:
    """What heads the error summary: a request to mend, or, where no field can be mended, that it was not done."""
    if any(field_id for field_id, _ in errors_of(form)):
        return "请修改以下内容"
    return str(getattr(form, "refused_title", "未能完成"))


def _errors_in(field: Any) -> list[tuple[str | None, str]]:
    """A field's messages; those of enclosed fields name the innermost."""
    if hasattr(field, "entries") or hasattr(field, "form"):
        inner = [found for entry in field for found in _errors_in(entry)]
        own = [] if hasattr(field, "form") else [(field.id, each) for each in field.errors if isinstance(each, str)]
        return [*own, *inner]
    return [(first_id(field), message) for message in field.errors[:1]]


def first_id(field: Any) -> str:
    """The id a link in the error summary jumps to: of the first choice where there are several."""
    return f"{field.id}-0" if kind_of(field) in {"radios", "checkboxes"} else str(field.id)
