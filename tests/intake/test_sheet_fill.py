"""Filling the sheet from a Word file: everything read is shown, nothing typed before goes without being seen."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.app import App
from services.intake.domain.case import Case
from shared.clock import FixedClock
from tests.intake.conftest import Browser, register
from tests.intake.test_path import SUMMARY as TYPED
from tests.intake.test_path import complete_case, fill_authors, open_case
from tests.intake.word_files import PEOPLE, SUMMARY, authors_rows, docx, notice_form, par, ticked

SAVED = "/sheet/fill/take"


def upload(author: Browser, case: str, content: bytes, name: str = "附表1.docx") -> int:
    author.open(f"{case}/sheet/fill")
    return author.post(f"{case}/sheet/fill", file=(io.BytesIO(content), name)).status_code


def fields(author: Browser) -> dict[str, Any]:
    """What a browser would post of the page that compares: hidden fields, inputs, the text area, what is chosen."""
    found: dict[str, Any] = dict(author.hidden())
    for tag in re.findall(r"<input [^>]*>", author.page):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind = told.get("type")
        if kind in ("text", "hidden") or (kind in ("radio", "checkbox") and " checked" in tag):
            found.setdefault(told.get("name", ""), told.get("value", ""))
    found["summary"] = author.typed("summary") or found.get("summary", "")
    return found


def take(author: Browser, case: str, **chosen: Any) -> int:
    posted = {**fields(author), **chosen}
    return author.post(f"{case}{SAVED}", **posted).status_code


def states(author: Browser) -> list[str]:
    return re.findall(r'data-state="(\w+)"', author.page)


def kept(app: App, case: str) -> Case:
    return app.cases.get(case.removeprefix("/cases/"))


def test_an_empty_draft_is_filled_whole(author: Browser, app: App) -> None:
    case = open_case(author)
    assert upload(author, case, notice_form()) == 200
    assert states(author) == ["same", "same", "new", "same", "same", "new", "same", "new", "new", "new", "new"]
    before = kept(app, case)
    assert (before.about.summary, len(before.authors.people)) == ("", 1)

    assert take(author, case) == 303, author.errors()
    now = kept(app, case)
    assert (now.about.title, now.about.category, now.about.summary) == ("智研共同体", "region", SUMMARY)
    assert [(p.name, p.unit, p.title, p.mobile) for p in now.authors.people] == list(PEOPLE)
    assert now.authors.people[0].email == "wang@example.com"
    assert all(person.person for person in now.authors.people)
    assert now.declaration.declared is None


def test_what_was_typed_stands_beside_what_was_read_until_one_chooses(author: Browser, app: App) -> None:
    case = complete_case(author)
    upload(author, case, notice_form(title="另一个名称", category=ticked(2)))
    assert states(author)[:3] == ["differs"] * 3
    for words in ("智研共同体", TYPED, "另一个名称", SUMMARY, "现在填写的案例名称", "文件中的（可以修改）"):
        assert words in author.page

    assert take(author, case) == 422
    assert author.errors() == [
        "请选择“案例名称”保留现在填写的，还是采用文件中的。",
        "请选择“案例类型”保留现在填写的，还是采用文件中的。",
        "请选择“案例概述”保留现在填写的，还是采用文件中的。",
    ]
    assert kept(app, case).about.title == "智研共同体"
    assert "另一个名称" in author.page

    chosen = {"title_choice": "take", "category_choice": "keep", "summary_choice": "keep"}
    assert take(author, case, title="改过的名称", **chosen) == 303
    about = kept(app, case).about
    assert (about.title, about.category, about.summary) == ("改过的名称", "region", TYPED)


def test_a_summary_over_the_limit_is_kept_whole_and_marked(author: Browser, app: App) -> None:
    case = open_case(author)
    upload(author, case, notice_form(summary="字" * 352))
    assert "案例概述：文件中有352字，超过300字，已全文读取，请删去至少52字后再报送。" in author.page
    assert take(author, case) == 303
    assert kept(app, case).about.summary == "字" * 352


def test_what_no_page_can_keep_is_refused_and_stays_on_the_page(author: Browser, app: App) -> None:
    case = open_case(author)
    upload(author, case, notice_form(title="长" * 120, summary="字" * 3100))
    assert take(author, case, title_choice="take") == 422
    assert author.errors() == ["案例名称最多100个字，请删去20个字。", "案例概述最多3000个字，请删去100个字。"]
    assert author.typed("summary") == "字" * 3100


def test_authors_the_file_does_not_have_are_asked_about(author: Browser, app: App) -> None:
    case = open_case(author)
    fill_authors(author, case)
    strangers = (("张伟", "苏州中学", "教师", "13700000001"), ("赵敏", "苏州中学", "教师", "13700000002"))
    upload(author, case, notice_form(authors=authors_rows(strangers, empty=1)))
    assert take(author, case) == 422
    assert author.errors() == [
        "作者共4人，每件案例不超过3人，请减少1人：清空文件中多出的作者，或选择“不再列为作者”。",
        "文件中没有作者“王小明”，请选择是否保留。",
        "文件中没有作者“李明”，请选择是否保留。",
    ]
    assert take(author, case, **{"left-0-stay": "keep", "left-1-stay": "drop"}) == 303
    assert [person.name for person in kept(app, case).authors.people] == ["张伟", "赵敏", "王小明"]


@pytest.mark.parametrize(("choice", "names"), [("take", ["李明", "王小明"]), ("keep", ["王小明", "李明"])])
def test_another_order_of_authors_is_asked_about(choice: str, names: list[str], author: Browser, app: App) -> None:
    case = open_case(author)
    fill_authors(author, case)
    upload(author, case, notice_form(authors=authors_rows(PEOPLE[::-1])))
    assert "李明、王小明" in author.page
    assert take(author, case) == 422
    assert author.errors() == ["请选择“作者顺序”保留现在填写的，还是采用文件中的。"]
    assert take(author, case, order_choice=choice) == 303
    assert [person.name for person in kept(app, case).authors.people] == names


def test_a_host_is_marked(author: Browser, app: App) -> None:
    case = open_case(author)
    rows = authors_rows((("王小明（主持人）", *PEOPLE[0][1:]), PEOPLE[1]))
    upload(author, case, notice_form(category=ticked(3), authors=rows))
    assert take(author, case, category_choice="take") == 303
    assert [person.host for person in kept(app, case).authors.people] == [True, False]


def test_another_window_that_saved_meanwhile_is_shown(author: Browser, app: App) -> None:
    case = open_case(author)
    upload(author, case, notice_form())
    page = author.page
    author.fill(f"{case}/sheet", title="另一个窗口的名称", category="region", summary="另一个窗口的概述", then="draft")
    author.page = page
    assert take(author, case) == 409
    assert author.errors()[0].startswith("这个案例刚刚在另一个窗口保存过。")
    assert "另一个窗口的概述" in author.page
    assert SUMMARY in author.page
    assert kept(app, case).about.summary == "另一个窗口的概述"
    assert take(author, case, title_choice="keep", summary_choice="take") == 303
    assert (kept(app, case).about.title, kept(app, case).about.summary) == ("另一个窗口的名称", SUMMARY)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "这是PDF文件，不能从中读取。请用Word或WPS打开原文件，点“文件”→“另存为”"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "这是旧版Word文件（.doc），不能从中读取。请用Word或WPS打开原文件",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "这个文件设了打开密码，不能读取。请用Word或WPS打开",
        ),
        (notice_form()[:900], "这个文件已损坏或不完整，不能读取。"),
    ],
)
def test_a_file_that_cannot_be_read_is_answered_with_what_to_do(content: bytes, words: str, author: Browser) -> None:
    case = open_case(author)
    assert upload(author, case, content) == 422
    (message,) = author.errors()
    assert message.startswith(words)


def test_a_file_that_is_no_sheet_and_no_file_at_all_are_refused(author: Browser) -> None:
    case = open_case(author)
    assert upload(author, case, docx(par("教学反思"))) == 422
    assert author.errors() == [
        "没有在文件中认出附表1的栏目（案例名称、作者信息、案例类型、案例概述）。请核对是否选错了文件，或直接在页面上填写。"
    ]
    author.open(f"{case}/sheet/fill")
    assert author.post(f"{case}/sheet/fill").status_code == 422
    assert author.errors() == ["请先选择填好的附表1（Word文档.docx），再点击“读取并核对”。"]


def test_words_from_a_file_are_words_on_the_page(author: Browser) -> None:
    case = open_case(author)
    upload(author, case, notice_form(title='"><script>alert(1)</script>', summary="</textarea><b>粗</b>"))
    assert "<script>alert" not in author.page
    assert "</textarea><b>" not in author.page


def test_once_the_window_has_closed_nothing_is_filled_in(browser: Browser, app: App, clock: FixedClock) -> None:
    clock.at = datetime(2024, 10, 15, 15, 30, tzinfo=UTC)
    register(browser)
    case = open_case(browser)
    upload(browser, case, notice_form())
    posted, before = fields(browser), kept(app, case)
    clock.advance(timedelta(hours=1))
    assert browser.post(f"{case}{SAVED}", **posted).status_code == 409
    assert browser.open(f"{case}/sheet/fill").status_code == 200
    assert 'type="file"' not in browser.page
    assert kept(app, case) == before


def test_the_page_that_compares_has_no_address_of_its_own(author: Browser) -> None:
    case = open_case(author)
    response = author.open(f"{case}{SAVED}")
    assert (response.status_code, response.headers["Location"]) == (303, f"{case}/sheet/fill")
