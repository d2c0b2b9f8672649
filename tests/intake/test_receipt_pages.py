"""Receipts on the pages: the author's own, and anybody's question whether one is genuine."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from services.intake.adapters.seal import CHANGED, NOT_A_RECEIPT, TOO_BIG, Seal
from services.intake.app import App
from services.intake.queries.receipts import NO_SUCH
from services.intake.routes.receipts import CODE_SLIP, NOTHING, NUMBER_SLIP
from shared.clock import FixedClock
from tests.intake.conftest import LATER, NOON, OLD_RECEIPT_KEY, Browser, register
from tests.intake.test_path import complete_case, fill_sheet

GENUINE = "这份回执由本平台出具，真实有效，为第{}版的回执。"
VERIFY = "/receipts/verify"


@pytest.fixture
def case(author: Browser) -> str:
    """A case handed in at seven milliseconds past noon; gives its address."""
    case = complete_case(author)
    assert author.fill(f"{case}/check", received_at=NOON + timedelta(milliseconds=7)).status_code == 303
    return case


def facts(browser: Browser, case: str, query: str = "") -> tuple[str, str]:
    """Number and code as the receipt's page shows them."""
    browser.open(f"{case}/receipt{query}")
    number = re.search(r"\d{4}-\d{3}-\d{3}-\d{3}", browser.page)
    code = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", browser.page)
    assert number and code
    return number[0], code[0]


def paper(browser: Browser, case: str, what: str) -> bytes:
    response = browser.open(f"{case}/{what}")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    return response.get_data()


def show(browser: Browser, file: bytes, name: str = "回执.pdf") -> TestResponse:
    return browser.fill(VERIFY, file=(io.BytesIO(file), name))


def test_the_receipt_says_what_it_attests(author: Browser, case: str) -> None:
    author.open(f"{case}/receipt")
    assert "北京时间2024年10月10日12:00:00.007（Asia/Shanghai）" in author.page
    assert "第1版" in author.page
    assert "<div>王小明（南京市第一中学）</div><div>李明（南京市第二中学）</div>" in author.page
    assert "核验码" in author.page
    technical = author.page[author.page.index("技术信息") :]
    for content in (b"PK document", b"%PDF notice"):
        assert hashlib.sha256(content).hexdigest() in technical
    written = paper(author, case, "receipt-sheet.json?version=1")
    assert hashlib.sha256(written).hexdigest() in technical
    assert json.loads(written)["summary"].startswith("本案例介绍区域研修")


def test_the_receipt_shown_after_handing_in_is_of_that_version(
    author: Browser, case: str, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the page is answered by a database that does not know of it yet."""
    case_id = case.removeprefix("/cases/")
    before = app.cases.get(case_id)
    fill_sheet(author, case, title="智研共同体二")
    handed_in = author.fill(f"{case}/check")
    assert handed_in.headers["Location"] == f"{case}/receipt?version=2"
    monkeypatch.setattr(app.cases, "get", lambda _: before)
    author.open(handed_in.headers["Location"])
    assert "第2版" in author.page


def test_page_pdf_and_signed_text_are_found_genuine_by_anybody(
    author: Browser, case: str, new_browser: Callable[[], Browser], app: App
) -> None:
    number, code = facts(author, case)
    pdf, text = paper(author, case, "receipt.pdf"), paper(author, case, "receipt.json")
    assert app.seal.read(pdf) == app.seal.read(text)
    stranger = new_browser()
    for by_code, answer in (
        (False, show(stranger, pdf)),
        (False, show(stranger, text, "回执.json")),
        (True, stranger.fill(VERIFY, number=number, code=code)),
        (True, stranger.fill(VERIFY, number=number.replace("-", " "), code=code.lower().replace("-", ""))),
    ):
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert GENUINE.format(1) in page
        assert number in page
        assert ("编号和核验码只说明本平台出具过这一版回执。" in page) == by_code
        assert "王小明" not in page and "智研共同体" not in page


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        ("2024-482-130-573", "ABCD-2345-EFGH-6789", [NUMBER_SLIP]),
        ("2024-482-130-572", "ABCD-2345-EFGH-678", [CODE_SLIP]),
        ("2024-482-130-572", "ABCD-2345-EFGH-6789", [NO_SUCH]),
        ("", "", [NOTHING]),
        ("2024-482-130-572", "", ["请填写核验码。"]),
        ("", "ABCD-2345-EFGH-6789", ["请填写编号。"]),
        ("一二三", "四五六", [NUMBER_SLIP, CODE_SLIP]),
    ],
)
def test_a_slip_gets_its_own_words_and_keeps_what_was_typed(
    browser: Browser, app: App, number: str, code: str, said: list[str]
) -> None:
    assert browser.fill(VERIFY, number=number, code=code).status_code == 422
    assert browser.errors() == said
    assert (browser.typed("number"), browser.typed("code")) == (number, code)


def test_the_code_of_another_receipt_is_answered_as_an_unknown_number_is(author: Browser, case: str) -> None:
    number, _ = facts(author, case)
    assert author.fill(VERIFY, number=number, code="ABCD-2345-EFGH-6789").status_code == 422
    assert author.errors() == [NO_SUCH]


def test_a_file_that_is_none_of_ours_is_refused(browser: Browser) -> None:
    for file in (b"hello", b"%PDF-1.7\nnothing\n%%EOF\n", b"{}"):
        assert show(browser, file).status_code == 422
        assert browser.errors() == [NOT_A_RECEIPT]


@pytest.mark.parametrize(("code", "said"), [("", "请填写核验码。"), ("ABCD-2345-EFGH-6789", TOO_BIG)])
def test_a_film_shown_as_a_receipt_is_refused_and_what_was_typed_stays(
    browser: Browser, app: App, code: str, said: str
) -> None:
    film = io.BytesIO(b"%PDF-" + bytes(8 * 1024 * 1024))
    answer = browser.fill(VERIFY, number="2024-482-130-572", code=code, file=(film, "研修实录.mp4"))
    answer.request.environ["wsgi.input"].close()  # the test client leaves a large body's temporary file open
    assert (answer.status_code, browser.errors()) == (422, [said])
    assert (browser.typed("number"), browser.typed("code")) == ("2024-482-130-572", code)


def test_one_changed_byte_of_the_pdf_is_refused(author: Browser, case: str, app: App) -> None:
    pdf = paper(author, case, "receipt.pdf")
    line = pdf.index(b"%zhengji-receipt ")
    places = [5, 9, 700, len(pdf) // 3, len(pdf) // 2, line - 2, line + 200, line + 900, len(pdf) - 12, len(pdf) - 2]
    for at in places:
        changed = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
        assert show(author, changed).status_code == 422, at
        assert author.errors() == [CHANGED], at
    assert show(author, pdf).status_code == 200


def test_only_its_author_learns_of_a_newer_version(
    author: Browser, case: str, new_browser: Callable[[], Browser], clock: FixedClock
) -> None:
    number, code = facts(author, case)
    first = paper(author, case, "receipt.pdf")
    clock.at += LATER
    fill_sheet(author, case, title="智研共同体二")
    assert author.fill(f"{case}/check").status_code == 303
    newer = "您之后又报送了第2版，以最后一版为准。"

    author.open(f"{case}/receipt?version=1")
    assert newer in author.page
    author.open(f"{case}/receipt")
    assert newer not in author.page
    assert facts(author, case)[1] != code
    assert facts(author, case, "?version=1") == (number, code)

    colleague = new_browser()
    register(colleague, mobile="13900005678", name="李明")
    for browser in (new_browser(), colleague, author):
        for answer in (show(browser, first), browser.fill(VERIFY, number=number, code=code)):
            page = answer.get_data(as_text=True)
            assert GENUINE.format(1) in page
            assert ("第2版" in page) == (browser is author)


def test_a_withdrawn_version_is_still_genuine_and_its_author_is_reminded(
    author: Browser, case: str, new_browser: Callable[[], Browser]
) -> None:
    first = paper(author, case, "receipt.json")
    author.fill(f"{case}/withdraw")
    assert "撤回这一版" in show(author, first).get_data(as_text=True)
    page = show(new_browser(), first).get_data(as_text=True)
    assert GENUINE.format(1) in page
    assert "撤回" not in page


def test_a_receipt_signed_before_the_key_was_rotated_holds(author: Browser, case: str, app: App) -> None:
    attested = app.seal.read(paper(author, case, "receipt.json"))
    old = Seal(OLD_RECEIPT_KEY).sign(attested).encode()
    assert show(author, old).status_code == 200


def test_nobody_else_gets_an_authors_receipt(case: str, new_browser: Callable[[], Browser]) -> None:
    stranger, colleague = new_browser(), new_browser()
    register(colleague, mobile="13900005678", name="李明")
    for what in ("receipt", "receipt.pdf", "receipt.json", "receipt-sheet.json"):
        assert stranger.open(f"{case}/{what}").headers["Location"].startswith("/login?")
        assert colleague.open(f"{case}/{what}").status_code == 404


def test_there_is_no_receipt_before_a_submission(author: Browser) -> None:
    case = complete_case(author)
    for what in ("receipt", "receipt.pdf", "receipt.json", "receipt-sheet.json", "receipt.pdf?version=9"):
        assert author.open(f"{case}/{what}").status_code == 404


def test_the_public_keys_are_there_for_anybody(browser: Browser, app: App) -> None:
    keys = browser.open("/receipts/keys.json").get_json()["keys"]
    assert {each["kid"]: each["key"] for each in keys} == app.seal.public_keys
    assert OLD_RECEIPT_KEY.kid in app.seal.public_keys


def test_the_pdf_shows_what_the_page_shows_with_its_font_in_it(author: Browser, case: str, tmp_path: Path) -> None:
    number, code = facts(author, case)
    file = tmp_path / "receipt.pdf"
    file.write_bytes(paper(author, case, "receipt.pdf"))
    text = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True, text=True).stdout
    for words in (number, code, "第1版", "12:00:00.007（Asia/Shanghai）", "王小明（南京市第一中学）", "案例.docx"):
        assert words in text
    assert hashlib.sha256(b"PK document").hexdigest() in text
    fonts = subprocess.run(["pdffonts", file], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    assert fonts and all(line.split()[-5] == "yes" for line in fonts), fonts
