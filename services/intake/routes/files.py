"""Pages of a case's files: document, materials, signed sheet; the plain upload form; rename, delete, read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Request, Response, flash, make_response, redirect, request

from services.intake.domain.case import Case
from services.intake.domain.files import ROLE_NAMES
from services.intake.handlers import uploads as commands
from services.intake.queries import page_of
from services.intake.routes.at_hand import pieces, submission_bell
from services.intake.routes.forms.fields import PlainForm
from services.intake.routes.forms.files import FileForm, RenameForm
from shared.campaign.model import Campaign, FileRole
from shared.web.access import asks, who
from shared.web.admission import takes_files
from shared.web.app import received_at
from shared.web.forms import answer_form

PLAIN_FORM_BYTES = 25 * 1024 * 1024
"""The door takes no larger body; larger files go straight to the store, in parts."""
PAGES: dict[FileRole, str] = {"document": "document", "material": "materials", "sheet": "declaration"}


@dataclass(frozen=True, kw_only=True)
class UploadBox:
    """What the page's upload script and its plain form need to know."""

    role: FileRole
    role_name: str
    action: str
    api: str
    accept: str
    limit: int
    replaces: str


def upload_box(case: Case, role: FileRole, campaign: Campaign, *, replaces: str = "") -> UploadBox:
    """The box for files of a role."""
    limits = campaign.limits
    limit = {"document": limits.document_bytes, "material": limits.materials_bytes, "sheet": limits.sheet_bytes}[role]
    endings = [ending for kind in campaign.file_types(role) for ending in kind.extensions]
    if role == "document":
        endings.append(".pdf")  # chosen by mistake so often that it gets an answer of its own (V12)
    return UploadBox(
        role=role,
        role_name=ROLE_NAMES[role],
        action=f"/cases/{case.id}/files/add/{role}",
        api=f"/api/intake/cases/{case.id}/uploads",
        accept=",".join(dict.fromkeys(endings)),
        limit=limit,
        replaces=replaces,
    )


def take_files(request: Request) -> None:
    """Let a posted form be as large as the door does; the bytes lie in a temporary file, not in memory."""
    request.max_content_length = PLAIN_FORM_BYTES


@asks("own_cases")
def document(case_id: str) -> Response:
    """The case document."""
    return _show(case_id, "document")


@asks("own_cases")
def materials(case_id: str) -> Response:
    """The supporting materials."""
    return _show(case_id, "material")


def _show(case_id: str, role: FileRole) -> Response:
    form, values = _page(case_id, role)
    return answer_form(form, f"{PAGES[role]}.html", _nothing_posted, **values)


def _nothing_posted() -> Response:
    raise AssertionError("these pages answer GET only")


def _page(case_id: str, role: FileRole) -> tuple[FileForm, dict[str, Any]]:
    app = pieces()
    case = app.own_case(case_id, who().id)
    page, campaign = page_of(app, case), app.campaigns.get(case.campaign_id)
    form = FileForm()
    form.refused_title = "未能上传"
    form.offer(campaign)
    form.replaces.data = form.replaces.data or request.args.get("replaces", "")
    return form, {
        "page": page,
        "campaign": campaign,
        "box": upload_box(case, role, campaign, replaces=form.replaces.data),
        "bell": submission_bell(campaign, saved_at=case.saved_at, late_until=page.late_until),
        "back": ("返回案例", f"/cases/{case_id}"),
    }


@asks("own_cases")
@takes_files
def add(case_id: str, role: FileRole) -> Response:
    """Take a file from the plain form; on a refusal the form comes back with the message."""
    form, values = _page(case_id, role)

    def act() -> Response:
        posted = request.files[form.file.name]
        file = commands.upload_from_form(
            pieces(),
            commands.FileFromForm(
                role=role,
                name=posted.filename or "",
                kind=form.kind.data or "",
                stream=posted.stream,  # type: ignore[arg-type]  # a spooled file reads like any other
                replaces=form.replaces.data or "",
            ),
            case_id=case_id,
            account_id=who().id,
            received_at=received_at(),
            command=form.command,
        )
        flash(f"“{file.name}”已上传，正在检查。检查不影响报送时间。", "done")
        return make_response(redirect(f"/cases/{case_id}/{PAGES[role]}", 303))

    template = "materials.html" if role == "material" else "document.html"
    return answer_form(form, template, act, **values)


def _closed(case: Case, role: FileRole) -> Response | None:
    """Where nothing can be changed any more: back to the files, which say why."""
    if request.method == "GET" and not page_of(pieces(), case).can_edit:
        return make_response(redirect(f"/cases/{case.id}/{PAGES[role]}", 303))
    return None


@asks("own_cases")
def file(case_id: str, file_id: str) -> Response:
    """Rename a file, or give it another kind."""
    app = pieces()
    case = app.own_case(case_id, who().id)
    campaign = app.campaigns.get(case.campaign_id)
    kept = case.file(file_id)
    if gone := _closed(case, kept.role):
        return gone
    form = RenameForm(data={"name": kept.name, "kind": kept.kind or None})
    form.offer(campaign)

    def act() -> Response:
        commands.rename_file(
            app,
            commands.RenameFile(
                case_id=case_id,
                account_id=who().id,
                file_id=file_id,
                name=form.name.data,
                kind=form.kind.data or "",
                received_at=received_at(),
                command=form.command,
            ),
        )
        flash("文件名称已保存。", "done")
        return make_response(redirect(f"/cases/{case_id}/{PAGES[kept.role]}", 303))

    back = ("返回", f"/cases/{case_id}/{PAGES[kept.role]}")
    return answer_form(form, "file.html", act, case_id=case_id, file=kept, back=back)


@asks("own_cases")
def delete(case_id: str, file_id: str) -> Response:
    """Take a file out of the draft, after asking."""
    app = pieces()
    case = app.own_case(case_id, who().id)
    kept = case.file(file_id)
    if gone := _closed(case, kept.role):
        return gone
    form = PlainForm()
    form.refused_title = "未能删除"

    def act() -> Response:
        commands.delete_file(
            app,
            commands.DeleteFile(
                case_id=case_id,
                account_id=who().id,
                file_id=file_id,
                received_at=received_at(),
                command=form.command,
            ),
        )
        flash(f"“{kept.name}”已删除。", "done")
        return make_response(redirect(f"/cases/{case_id}/{PAGES[kept.role]}", 303))

    back = ("返回", f"/cases/{case_id}/{PAGES[kept.role]}")
    return answer_form(form, "delete.html", act, file=kept, back=back)


@asks("own_cases")
def cancel(case_id: str, upload_id: str) -> Response:
    """Cancel an upload from the page."""
    commands.give_up_upload(pieces(), case_id=case_id, account_id=who().id, upload_id=upload_id)
    flash("上传已取消。", "done")
    return make_response(redirect(f"/cases/{case_id}/materials", 303))


@asks("own_cases")
def open_file(case_id: str, file_id: str) -> Response:
    """Send the author to an address at which the file can be read for some minutes."""
    address = commands.reading_address(pieces(), case_id=case_id, account_id=who().id, file_id=file_id)
    return make_response(redirect(address, 303))
