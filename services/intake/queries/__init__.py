"""What the pages of intake show: plain values read from cases, accounts and the campaign."""

from services.intake.queries.co_authors import (
    CoAuthorLine,
    SharedCase,
    answered_by_link,
    co_author_lines,
    invited_case,
    shared_case,
)
from services.intake.queries.consents import ConsentsPage, consents_page
from services.intake.queries.files import FileLine, file_state
from services.intake.queries.lists import CaseLine, cases_i_am_in, category_name, moves, my_cases
from services.intake.queries.pages import CasePage, ToDo, as_links, case_page, page_of, to_do
from services.intake.queries.papers import (
    Answer,
    answers,
    answers_on,
    sign_sheet,
    unsent_on,
)
from services.intake.queries.receipts import (
    Genuine,
    Paper,
    Receipt,
    receipt,
    receipt_paper,
    verified_code,
    verified_file,
)

__all__ = [
    "Answer",
    "CaseLine",
    "CasePage",
    "CoAuthorLine",
    "ConsentsPage",
    "FileLine",
    "Genuine",
    "Paper",
    "Receipt",
    "SharedCase",
    "ToDo",
    "answered_by_link",
    "answers",
    "answers_on",
    "as_links",
    "case_page",
    "cases_i_am_in",
    "category_name",
    "co_author_lines",
    "consents_page",
    "file_state",
    "invited_case",
    "moves",
    "my_cases",
    "page_of",
    "receipt",
    "receipt_paper",
    "shared_case",
    "sign_sheet",
    "to_do",
    "unsent_on",
    "verified_code",
    "verified_file",
]
