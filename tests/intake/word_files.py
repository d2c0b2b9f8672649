"""Builds filled-in 附表1 files for tests, in the ways in which Word, WPS and people make them."""

from __future__ import annotations

import io
import zipfile
from html import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
SPACES = (
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
SUMMARY = "本案例依托国家中小学智慧教育平台，组建区域研修共同体。"
PEOPLE = (
    ("王小明", "南京市第一中学", "高级教师", "13800001234"),
    ("李明", "南京市第二中学", "一级教师", "13900005678"),
)
TYPES = ("区域教师研修应用案例", "校本教师研修应用案例", "线上名师名校长工作室建设与应用案例")
"""As 附表1 of the notice names them."""


def docx(body: str, *, space: str = W, main: str = "word/document.xml", more: dict[str, bytes] | None = None) -> bytes:
    """A .docx with this body."""
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        f'Target="{main}"/></Relationships>'
    )
    document = f'<w:document xmlns:w="{space}" {SPACES}><w:body>{body}<w:sectPr/></w:body></w:document>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("_rels/.rels", relations)
        package.writestr(main, document)
        for name, content in (more or {}).items():
            package.writestr(name, content)
    return made.getvalue()


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def par(text: str) -> str:
    """A paragraph; a line end becomes a break within it, as WPS likes it."""
    return "<w:p>" + "<w:r><w:br/></w:r>".join(run(line) for line in text.split("\n")) + "</w:p>"


def cell(content: str, *, span: int = 1, merge: str = "") -> str:
    """A cell; ``content`` is text, or paragraphs where it begins with a tag. merge: restart or continue."""
    inside = content if content.startswith("<w:") else "".join(par(line) for line in content.split("\n"))
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    merged = {"": "", "restart": '<w:vMerge w:val="restart"/>', "continue": "<w:vMerge/>"}[merge]
    return f"<w:tc><w:tcPr>{spanned}{merged}</w:tcPr>{inside}</w:tc>"


def row(*cells: str) -> str:
    return f"<w:tr>{''.join(cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


def ticked(which: int, *, on: str = "☑", off: str = "☐") -> str:
    """The category cell with one ticked."""
    return "\n".join(f"{on if n == which else off}{n}.{name}" for n, name in enumerate(TYPES, start=1))


def authors_rows(people: tuple[tuple[str, str, str, str], ...] = PEOPLE, *, empty: int = 1) -> tuple[str, ...]:
    """The rows of 作者信息 with its label merged over them."""
    heads = [cell(label) for label in ("姓名", "工作单位", "职称/职务", "手机")]
    rows = [row(cell("作者信息\n（最多3人）", merge="restart"), *heads)]
    for person in (*people, *[("", "", "", "")] * empty):
        rows.append(row(cell("", merge="continue"), *(cell(value) for value in person)))
    return tuple(rows)


def notice_form(
    *, title: str = "智研共同体", category: str = "", summary: str = SUMMARY, authors: tuple[str, ...] = ()
) -> bytes:
    """The notice's own table, as Word writes it."""
    return docx(
        par("附表 1：")
        + par("国家中小学智慧教育平台教师研修应用案例信息表")
        + table(
            row(cell("案例名称"), cell(title, span=4)),
            *(authors or authors_rows()),
            row(cell("案例类型"), cell(category or ticked(1), span=4)),
            row(cell("案\n例\n概\n述"), cell(summary, span=4)),
            row(
                cell("作\n者\n声\n明"),
                cell("我(们)在此申明：该案例是我(们)原创。\n作者签名：王小明\n日期: 2024年10月9日", span=4),
            ),
        )
        + par("共享提示：同意将案例结集出版或在教师活动网站等公益性网站共享。")
    )
