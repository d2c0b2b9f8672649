"""附表1 read from Word files: as Word and WPS write it, as people change it, and as nobody should send it."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from services.intake.adapters import read_sheet as reading
from services.intake.adapters.read_sheet import rows_of_file
from services.intake.domain.paper_sheet import PaperAuthor, PaperSheet, read_sheet
from shared.campaign.model import Campaign
from shared.trouble import Refused
from tests.intake.word_files import (
    PEOPLE,
    STRICT,
    SUMMARY,
    TYPES,
    authors_rows,
    cell,
    docx,
    notice_form,
    par,
    row,
    run,
    table,
    ticked,
)

SAMPLES = Path(os.environ.get("SAMPLES", "../shared/samples")) / "documents"
WANG = PaperAuthor(name="王小明", unit="南京市第一中学", title="高级教师", mobile="13800001234")
LI = PaperAuthor(name="李明", unit="南京市第二中学", title="一级教师", mobile="13900005678")
WHOLE = PaperSheet(title="智研共同体", category="region", summary=SUMMARY, authors=(WANG, LI), recognised=True)


def read(content: bytes, campaign: Campaign) -> PaperSheet:
    return read_sheet(rows_of_file(content), campaign)


def refused(content: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        rows_of_file(content)
    return caught.value


def _unmerged_with_full_width_spaces() -> bytes:
    """WPS: nothing merged, labels with colons and wide spaces, the label of the authors once."""
    return docx(
        table(
            row(cell("案　例　名　称："), cell("　智研共同体　")),
            row(cell("作者信息："), cell("姓　名"), cell("工作单位："), cell("职称／职务"), cell("手　机")),
            row(cell(""), cell("王小明"), cell("南京市\n第一中学"), cell("高级教师"), cell("１３８ 0000-1234")),
            row(cell(""), cell("李　明"), cell("南京市第二中学"), cell("一级教师"), cell("+86 139 0000 5678")),
            row(cell("案例类型："), cell(ticked(1, on="√", off=""))),
            row(
                cell("案例概述（不超过300字）："),
                cell(f"（根据选择的案例类型，概述案例情况，不超过 300 字。）\n{SUMMARY}"),
            ),
        )
    )


def _content_controls() -> bytes:
    """Word: every answer in a content control, boxes that one clicks, a prompt that nobody replaced."""

    def control(text: str, properties: str = "") -> str:
        content = f"<w:sdtContent>{run(text)}</w:sdtContent>"
        return f"<w:p><w:sdt><w:sdtPr>{properties}</w:sdtPr>{content}</w:sdt></w:p>"

    def box(name: str, on: bool) -> str:
        checked = f'<w14:checkbox><w14:checked w14:val="{int(on)}"/></w14:checkbox>'
        glyph = f"<w:sdtContent>{run('☒' if on else '☐')}</w:sdtContent>"
        return f"<w:p><w:sdt><w:sdtPr>{checked}</w:sdtPr>{glyph}</w:sdt>{run(name)}</w:p>"

    boxes = "".join(box(f"{n}.{name}", n == 1) for n, name in enumerate(TYPES, start=1))
    prompt = control("单击此处输入文字。", "<w:showingPlcHdr/>")
    people = (*authors_rows(empty=0), row(cell("", merge="continue"), *[cell(prompt)] * 4))
    whole_row = row(cell("案例概述"), cell(control(SUMMARY), span=4))
    return docx(
        table(
            row(cell("案例名称"), cell(control("智研共同体"), span=4)),
            *people,
            row(cell("案例类型"), cell(boxes, span=4)),
            f"<w:sdt><w:sdtPr/><w:sdtContent>{whole_row}</w:sdtContent></w:sdt>",
        )
    )


def _text_boxes() -> bytes:
    """Answers in text boxes, each of which stands in the file twice: for new and for old programs."""

    def boxed(text: str) -> str:
        inside = f"<w:txbxContent>{par(text)}</w:txbxContent>"
        return (
            "<w:p><w:r><mc:AlternateContent>"
            f'<mc:Choice Requires="wps"><w:drawing><wps:wsp><wps:txbx>{inside}</wps:txbx></wps:wsp></w:drawing>'
            "</mc:Choice>"
            f"<mc:Fallback><w:pict><v:textbox>{inside}</v:textbox></w:pict></mc:Fallback>"
            "</mc:AlternateContent></w:r></w:p>"
        )

    return docx(
        table(
            row(cell("案例名称"), cell(boxed("智研共同体"), span=4)),
            *authors_rows(),
            row(cell("案例类型"), cell(ticked(1, on="■", off="□"), span=4)),
            row(cell("案例概述"), cell(boxed(SUMMARY), span=4)),
        )
    )


def _nested_and_wingdings() -> bytes:
    """The authors in a table of their own, ticks from a font of signs, and changes that are tracked."""

    def sign(code: str) -> str:
        return f'<w:r><w:sym w:font="Wingdings 2" w:char="{code}"/></w:r>'

    signs = "".join(f"<w:p>{sign('F052' if n == 0 else 'F0A3')}{run(name)}</w:p>" for n, name in enumerate(TYPES))
    inner = table(
        row(*(cell(label) for label in ("序号", "姓名", "单位", "职务职称", "联系电话"))),
        *(row(cell(f"{n}"), *(cell(value) for value in person)) for n, person in enumerate(PEOPLE, start=1)),
    )
    tracked = (
        f"<w:p><w:del><w:r><w:delText>旧名称</w:delText></w:r></w:del><w:ins>{run('智研')}</w:ins>{run('共同体')}</w:p>"
    )
    return docx(
        table(
            row(cell("案例题目"), cell(tracked)),
            row(cell("作者情况"), cell(f"<w:p/>{inner}<w:p/>")),
            row(cell("案例类别"), cell(signs)),
            row(cell("案例简介"), cell(SUMMARY)),
        )
    )


def _pairs() -> bytes:
    """Somebody's own table: label and value side by side, two labels in a row."""
    people = [
        line
        for name, unit, title, mobile in PEOPLE
        for line in (
            row(cell("姓名"), cell(name), cell("工作单位"), cell(unit)),
            row(cell("职称/职务"), cell(title), cell("手机"), cell(mobile)),
        )
    ]
    return docx(
        table(
            row(cell("案例名称"), cell("智研共同体"), cell("案例类型"), cell("区域应用案例")),
            *people,
            row(cell("案例概述"), cell(SUMMARY, span=3)),
        )
    )


def _paragraphs() -> bytes:
    """No table at all, in the strict form of the standard, under another name for the main part."""
    lines = (
        "一、案例名称：智研共同体",
        "二、作者信息（最多3人）：",
        *(
            f"姓名：{name}　工作单位：{unit}　职称/职务：{title}　手机：{mobile}"
            for name, unit, title, mobile in PEOPLE
        ),
        "三、案例类型：区域研修应用案例（√） 校本研修应用案例（ ）",
        "四、案例概述：",
        SUMMARY,
        "作者声明：我在此申明。",
    )
    return docx("".join(map(par, lines)), space=STRICT, main="word/document2.xml")


def _form_fields() -> bytes:
    """An old form with boxes of its own, and the lines of two authors in one row."""

    def box(on: int) -> str:
        data = f'<w:ffData><w:checkBox><w:default w:val="{on}"/></w:checkBox></w:ffData>'
        return (
            f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
        )

    boxes = "".join(f"<w:p>{box(int(n == 0))}{run(name)}</w:p>" for n, name in enumerate(TYPES))
    both = [cell("\n".join(values)) for values in zip(*PEOPLE, strict=True)]
    return notice_form(
        category=boxes,
        authors=(
            row(cell("作者信息"), cell("姓名"), cell("工作单位"), cell("职称/职务"), cell("手机")),
            row(cell("作者信息"), *both),
        ),
    )


def _scattered_runs() -> bytes:
    """Word cuts words into runs where it likes; the category is ticked behind its name and broken over lines."""
    name = "<w:p>" + "".join(run(letter) for letter in "智研共同体") + "</w:p>"
    category = "1.区域教师研修\n应用案例 ✔\n2.校本教师研修应用案例\n3.线上名师名校长工作室建设与应用案例"
    body = table(
        row(cell("案 例\n名 称"), cell(name, span=4)),
        *authors_rows(),
        row(cell("案例类型"), cell(category, span=4)),
        row(cell("案例概述"), cell(f"{SUMMARY}\n", span=4)),
        row(cell("作者声明"), cell("作者签名：", span=4)),
    )
    return docx(body + par("注：此表可以复制。"))


@pytest.mark.parametrize(
    "content",
    [
        notice_form(),
        _unmerged_with_full_width_spaces(),
        _content_controls(),
        _text_boxes(),
        _nested_and_wingdings(),
        _pairs(),
        _paragraphs(),
        _form_fields(),
        _scattered_runs(),
    ],
    ids=["notice", "wide", "controls", "boxes", "nested", "pairs", "paragraphs", "fields", "runs"],
)
def test_every_way_of_filling_it_in_is_read_alike(content: bytes, campaign: Campaign) -> None:
    assert read(content, campaign) == WHOLE


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("on", ["☑", "☒", "√", "■", "✓", "●"])
def test_a_tick_is_a_tick(name: str, on: str, campaign: Campaign) -> None:
    which = TYPES.index(name) + 1
    assert read(notice_form(category=ticked(which, on=on)), campaign).category == campaign.categories[which - 1].code


def test_the_host_of_a_studio_and_one_author_alone_are_read(campaign: Campaign) -> None:
    rows = authors_rows((("王小明（工作室主持人）", *PEOPLE[0][1:]),), empty=2)
    sheet = read(notice_form(category=ticked(3), authors=rows), campaign)
    assert sheet.authors == (
        PaperAuthor(name="王小明", unit=WANG.unit, title=WANG.title, mobile=WANG.mobile, host=True),
    )
    assert (sheet.category, sheet.unread) == ("studio", ())


def test_what_cannot_be_read_is_named(campaign: Campaign) -> None:
    people = (("王小明", "", "高级教师", "1380000123"), *PEOPLE[1:], *PEOPLE[1:], *PEOPLE[1:])
    rows = authors_rows(people, empty=0)
    sheet = read(notice_form(title="", category="\n".join(TYPES), summary="字" * 352, authors=rows), campaign)
    assert sheet.unread == (
        "案例名称：文件中这一栏没有填写。",
        "案例类型：文件中没有读到勾选（涂色、加粗、画线的选择读不出来），请在这里选择。",
        "作者信息：文件中有4位作者，每件案例不超过3人，请核对。",
        "第1位作者：没有读到工作单位。",
        "第1位作者：手机“1380000123”不是11位手机号，请核对。",
        "案例概述：文件中有352字，超过300字，已全文读取，请删去至少52字后再报送。",
    )
    assert (sheet.summary, len(sheet.authors)) == ("字" * 352, 4)


def test_two_ticks_and_an_unknown_name_are_left_to_the_person(campaign: Campaign) -> None:
    two = read(notice_form(category=f"√{TYPES[0]}\n√{TYPES[1]}\n{TYPES[2]}"), campaign)
    other = read(notice_form(category="优秀课例"), campaign)
    assert (two.category, two.unread) == (
        "",
        ("案例类型：文件中勾选了2类（区域研修应用案例、校本研修应用案例），请选择其中一类。",),
    )
    assert (other.category, other.unread) == (
        "",
        ("案例类型：文件中写的是“优秀课例”，不是通知中的类型，请在这里选择。",),
    )


# What a stranger may send


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "sheet-empty", "这个文件是空的"),
        (b"%PDF-1.7 ...", "sheet-pdf", "这是PDF文件"),
        (b"{\\rtf1 x}", "sheet-doc", "文件类型选“Word文档（.docx）”"),
        (b"\xff\xd8\xff\xe0 photo", "sheet-image", "这是图片"),
        (b"<html>", "sheet-other", "这不是Word文档"),
        (b"PK\x03\x04 cut short", "sheet-damaged", "已损坏或不完整"),
        (b"PK\x03\x04" + b"x" * reading.MOST_BYTES, "sheet-too-big", "超过10 MB"),
    ],
)
def test_another_kind_of_file_is_refused_with_what_to_do(content: bytes, code: str, words: str) -> None:
    refusal = refused(content)
    assert refusal.code == code
    assert words in refusal.message


def _raw(xml: bytes, *, main: str = "word/document.xml") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(main, xml)
    return made.getvalue()


ENTITY = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_raw(ENTITY.encode()), "sheet-damaged"),
        (_raw(ENTITY.encode("utf-16")), "sheet-damaged"),
        (_raw(b"<a>" + b" " * (17 * 1024 * 1024) + b"</a>"), "sheet-large"),
        (_raw(b"<w:p" + b"><w:p" * 4000), "sheet-damaged"),
        (_raw(b"<a/>", main="xl/workbook.xml"), "sheet-other"),
        (docx("".join(par("字" * 1000) for _ in range(300))), "sheet-large"),
        (docx("", more={f"word/{n}.xml": b"" for n in range(2100)}), "sheet-damaged"),
        (docx("", main="../outside.xml"), "sheet-other"),
    ],
    ids=["entity", "entity-utf16", "bomb", "deep", "excel", "book", "entries", "outside"],
)
def test_a_hostile_file_is_refused(content: bytes, code: str) -> None:
    assert refused(content).code == code


def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WALL_SECONDS", 0.001)
    assert refused(notice_form()).code == "sheet-slow"


def test_only_so_many_files_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WAIT_SECONDS", 0)
    for _ in range(reading.AT_ONCE):
        reading._turns.acquire()
    try:
        assert (refused(notice_form()).code, refused(notice_form()).status) == ("sheet-busy", 503)
    finally:
        reading._turns.release(reading.AT_ONCE)
    assert rows_of_file(notice_form())


@pytest.mark.skipif(not SAMPLES.is_dir() and not os.environ.get("CI"), reason="the samples are not here")
def test_the_samples_are_read_or_refused_in_words(campaign: Campaign) -> None:
    said = {}
    for path in sorted(SAMPLES.iterdir()):
        try:
            said[path.name] = "form" if read(path.read_bytes(), campaign).recognised else "text"
        except Refused as refusal:
            said[path.name] = refusal.code
    kinds = {name.split("--")[0]: code for name, code in said.items()}
    assert "form" not in said.values()
    assert kinds["docx_ok"] == kinds["docx_edit_protected"] == "text"
    assert {code for name, code in said.items() if name.startswith("pdf")} == {"sheet-pdf"}
    assert {code for name, code in said.items() if name.startswith(("doc_ok", "doc_old"))} == {"sheet-doc"}
    assert said["office_encrypted--protected_upper_case.docx"] == "sheet-encrypted"
    assert {code for name, code in said.items() if name.startswith("image")} <= {"sheet-image", "sheet-other"}
