"""What the pages of intake show: plain values read from cases, accounts and the campaign."""

from services.intake.queries.files import FileLine, file_state
from services.intake.queries.lists import CaseLine, cases_i_am_in, category_name, my_cases
from services.intake.queries.pages import CasePage, ToDo, as_links, case_page, page_of, to_do
from services.intake.queries.papers import (
    Answer,
    SharedCase,
    answers,
    answers_on,
    shared_case,
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
    "FileLine",
    "Genuine",
    "Paper",
    "Receipt",
    "SharedCase",
    "ToDo",
    "answers",
    "answers_on",
    "as_links",
    "case_page",
    "cases_i_am_in",
    "category_name",
    "file_state",
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
