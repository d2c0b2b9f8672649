"""The table of contents: every address of intake, and the view that answers it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from services.intake.routes import (
    accounts,
    cases,
    co_authors,
    consents,
    files,
    handover,
    public,
    receipts,
    sheet,
    sheet_fill,
    uploads_api,
)

BOTH = ("GET", "POST")

pages = Blueprint("intake", __name__)
uploads = Blueprint("uploads", __name__)
public_api = Blueprint("public_api", __name__, url_prefix="/api/intake")
shown = Blueprint("receipts", __name__)
api = Blueprint("uploads_api", __name__, url_prefix="/api/intake/cases/<case_id>/uploads")

for rule, view, methods in (
    ("/", public.front, ("GET",)),
    ("/notices", public.notices, ("GET",)),
    ("/notices/privacy", public.privacy, ("GET",)),
    ("/register", accounts.register, BOTH),
    ("/login", accounts.login, BOTH),
    ("/login/forgot", accounts.forgot, BOTH),
    ("/login/reset", accounts.reset, BOTH),
    ("/logout", accounts.logout, BOTH),
    ("/account", accounts.my_account, BOTH),
    ("/account/password", accounts.change_password, BOTH),
    ("/cases", cases.my_cases, ("GET",)),
    ("/cases/new", cases.new_case, BOTH),
    ("/cases/<case_id>", cases.case, ("GET",)),
    ("/cases/<case_id>/read", co_authors.read, BOTH),
    ("/cases/<case_id>/read/refuse", co_authors.refuse, BOTH),
    ("/cases/<case_id>/authors/tell", co_authors.tell_again, BOTH),
    ("/cases/<case_id>/hand-over", handover.hand_over, BOTH),
    ("/cases/<case_id>/take-over", handover.take_over, BOTH),
    ("/cases/<case_id>/consents", consents.consents, BOTH),
    ("/co-author/<case_id>/<code>", co_authors.read_by_link, BOTH),
    ("/co-author/<case_id>/<code>/refuse", co_authors.refuse_by_link, BOTH),
    ("/cases/<case_id>/sheet", sheet.about, BOTH),
    ("/cases/<case_id>/sheet.docx", sheet.printable, ("GET",)),
    ("/cases/<case_id>/sheet.pdf", sheet.printable_pdf, ("GET",)),
    ("/cases/<case_id>/sheet/fill/take", sheet_fill.take, BOTH),
    ("/cases/<case_id>/authors", sheet.authors, BOTH),
    ("/cases/<case_id>/document", files.document, ("GET",)),
    ("/cases/<case_id>/materials", files.materials, ("GET",)),
    ("/cases/<case_id>/declaration", sheet.declaration, BOTH),
    ("/cases/<case_id>/files/<file_id>", files.file, BOTH),
    ("/cases/<case_id>/files/<file_id>/delete", files.delete, BOTH),
    ("/cases/<case_id>/files/<file_id>/open", files.open_file, ("GET",)),
    ("/cases/<case_id>/uploads/<upload_id>/cancel", files.cancel, ("POST",)),
    ("/cases/<case_id>/check", cases.check, BOTH),
    ("/cases/<case_id>/receipt", receipts.receipt, ("GET",)),
    ("/cases/<case_id>/receipt.<any(pdf, json):kind>", receipts.paper, ("GET",)),
    ("/cases/<case_id>/receipt-sheet.json", receipts.sheet, ("GET",)),
    ("/receipts/keys.json", receipts.keys, ("GET",)),
    ("/cases/<case_id>/withdraw", cases.withdraw, BOTH),
):
    pages.add_url_rule(rule, view_func=view, methods=methods)

uploads.add_url_rule(
    "/cases/<case_id>/files/add/<any(document, material, sheet):role>", view_func=files.add, methods=("POST",)
)
uploads.add_url_rule("/cases/<case_id>/sheet/fill", view_func=sheet_fill.fill, methods=BOTH)

public_api.add_url_rule("/now", view_func=public.now, methods=("GET",))
shown.add_url_rule("/receipts/verify", view_func=receipts.verify, methods=BOTH)

for rule, view, method in (
    ("", uploads_api.start, "POST"),
    ("", uploads_api.overview, "GET"),
    ("/<upload_id>", uploads_api.status, "GET"),
    ("/<upload_id>", uploads_api.cancel, "DELETE"),
    ("/<upload_id>/parts", uploads_api.sign, "POST"),
    ("/<upload_id>/sign", uploads_api.sign_one, "POST"),
    ("/<upload_id>/complete", uploads_api.complete, "POST"),
):
    api.add_url_rule(rule, view_func=view, methods=(method,))


@uploads.url_value_preprocessor
def _take_files(endpoint: str | None, values: dict[str, Any] | None) -> None:  # noqa: ARG001  # Flask's signature
    """Before the guards read the form: a posted file may be as large as the door lets in."""
    files.take_files(request)


@shown.url_value_preprocessor
def _take_receipts(endpoint: str | None, values: dict[str, Any] | None) -> None:  # noqa: ARG001  # Flask's signature
    """So that a file that is too large for a receipt gets words, and number and code stay."""
    request.max_content_length = receipts.FORM_BYTES


BLUEPRINTS = (pages, uploads, shown, public_api, api)
