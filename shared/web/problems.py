"""Trouble at the edge: problem+json (RFC 9457) for programs, a Chinese page that says what to do for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, current_app, flash, g, jsonify, make_response, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from shared.identity.tokens import Kind
from shared.telemetry.correlation import correlation_id
from shared.trouble import Away, Conflict, Refused
from shared.web import kept
from shared.web.access import LOGINS, LoginNeeded, somebody
from shared.web.api import UnfitBody
from shared.web.reading import here
from shared.web.watching import count_refusal

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Wording:
    """What a person reads: what is the matter, and what to do."""

    heading: str
    advice: str


WORDINGS = {
    400: Wording("无法识别这次请求", "请返回上一页，刷新后重新操作。"),
    401: Wording("请先登录", "请登录后再进行这一操作。"),
    403: Wording("您没有权限", "您的账号没有查看或进行这一操作的权限。如有疑问，请致电服务热线。"),
    404: Wording("没有找到这个页面", "请核对网址是否完整，或返回首页重新查找。"),
    405: Wording("不支持这样的操作", "请返回上一页，按页面上的按钮操作。"),
    409: Wording("内容刚刚被更新", "有人或您的另一个窗口刚刚修改了同一内容。请核对最新内容后再提交。"),
    413: Wording("提交的内容过大", "请缩短文字或减小文件后重新提交。"),
    415: Wording("不支持这样的格式", "请按页面要求的格式提交。"),
    422: Wording("提交的内容有误", "请按提示修改后重新提交。"),
    429: Wording("操作过于频繁", "请稍等几分钟再试。"),
    500: Wording("系统出现问题", "问题已记录。请稍后再试；如仍不成功，请致电服务热线并告知下面的编号。"),
    503: Wording("服务暂时无法使用", "请稍后再试，您已提交的内容不受影响。"),
}
_WHOSE_PAGE: Mapping[Kind, str] = {
    "staff": "您现在以作者身份登录。您要打开的页面供省级联系人、专家和中心工作人员使用，请用相应账号登录。",
    "author": "您要打开的页面供案例作者使用，请用作者账号登录。",
}
_TRY_AGAIN = {409, 429, 500, 503}
"""After these the same form may well go through, so its fields are kept."""


def install_problems(app: Flask) -> None:
    """Answer every kind of trouble."""
    app.register_error_handler(LoginNeeded, _login_needed)
    app.register_error_handler(CSRFError, _page_expired)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(Away, _away)
    app.register_error_handler(UnfitBody, _unfit)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def wants_json() -> bool:
    """True for the API and for those who ask for JSON rather than a page."""
    if request.path.startswith("/api/"):
        return True
    accept = request.accept_mimetypes
    return accept["application/json"] > accept["text/html"] or accept["application/problem+json"] > accept["text/html"]


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """A problem document; ``code`` is stable for programs, ``detail`` is Chinese for the person behind them."""
    title = WORDINGS[status].heading if status in WORDINGS else HTTPStatus(status).phrase
    body = {
        "type": f"urn:zhengji:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "code": code,
        "request_id": request_id(),
        **more,
    }
    response = make_response(jsonify(body), status)
    response.content_type = "application/problem+json"
    return response


def error_page(status: int, detail: str | None = None) -> Response:
    """The page for a status: what is the matter, what to do, and the typed fields where trying again makes sense."""
    wording = WORDINGS.get(status) or (WORDINGS[400] if status < 500 else WORDINGS[500])
    if request.method == "POST" and status in _TRY_AGAIN and request.form:
        reason = f"{detail or wording.advice}您填写的内容已保留。"
        return kept.page(heading=wording.heading, reason=reason, status=status)
    body = render_template(
        "error.html",
        status=status,
        heading=wording.heading,
        advice=detail or wording.advice,
        request_id=request_id() if status >= 500 else None,
    )
    return make_response(body, status)


def request_id() -> str:
    """The correlation id of this request."""
    return correlation_id()


def _answer(status: int, code: str, detail: str | None = None, **more: Any) -> Response:
    if wants_json():
        return problem(status, code, detail or WORDINGS[status].advice, **more)
    return error_page(status, detail)


def _login_needed(error: LoginNeeded) -> Response:
    if wants_json():
        return problem(401, "login-needed", WORDINGS[401].advice, login=LOGINS[error.kind])
    if request.method == "POST":
        return kept.login_page(error.kind)
    _say_whose_page(error.kind)
    return make_response(redirect(f"{LOGINS[error.kind]}?{urlencode({'next': here()})}"))


def _say_whose_page(kind: Kind) -> None:
    """Tell somebody logged in as one kind that the page is for the other, where the login page is our own."""
    person = somebody()
    if person is None or person.kind == kind:
        return
    if any(rule.rule == LOGINS[kind] for rule in current_app.url_map.iter_rules()):
        flash(_WHOSE_PAGE[kind])


def _page_expired(error: CSRFError) -> Response:
    # Log the rule, never the path: the path of a letter's link bears a code.
    log.info("csrf_refused", route=str(request.url_rule), reason=error.description)
    if wants_json():
        return problem(400, "page-expired", "页面已过期，请刷新页面后再试。")
    return kept.page(heading="页面已过期，您填写的内容已保留", reason="请点击“继续提交”，内容将原样提交。", status=400)


def _refused(refused: Refused) -> Response:
    count_refusal(refused)
    more = {"errors": [{"field": refused.field, "detail": refused.message}]} if refused.field else {}
    return _answer(refused.status, refused.code, refused.message, **more)


def _conflict(_: Conflict) -> Response:
    return _answer(409, "conflict")


def _away(away: Away) -> Response:
    log.warning("dependency_away", dependency=away.dependency)
    g.retry_after = 10
    return _answer(503, "away")


def _unfit(unfit: UnfitBody) -> Response:
    return problem(422, "unfit", WORDINGS[422].advice, errors=unfit.errors)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    if status not in WORDINGS:
        status = 400 if status < 500 else 500
    response = _answer(status, HTTPStatus(status).phrase.lower().replace(" ", "-"))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _bug(error: Exception) -> Response:
    log.error("request_failed", route=str(request.url_rule), exc_info=error)
    return _answer(500, "bug")
