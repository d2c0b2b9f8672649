"""附表1 in Word: everything that was filled in, in a document that a strict reader opens."""

from __future__ import annotations

import zipfile
from io import BytesIO
from urllib.parse import quote

from lxml import etree

from tests.intake.conftest import Browser
from tests.intake.test_path import SUMMARY, complete_case, fill_sheet

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def test_the_printable_sheet_holds_what_was_typed(author: Browser) -> None:
    case = complete_case(author)
    fill_sheet(author, case, title="“智研” <共同体> & 三年")
    response = author.open(f"{case}/sheet.docx")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].endswith(f"filename*=UTF-8''{quote('附表1-案例信息表.docx')}")
    package = zipfile.ZipFile(BytesIO(response.data))
    assert package.testzip() is None
    root = etree.fromstring(package.read("word/document.xml"))
    lines = ["".join(map(str, line.itertext())) for line in root.iter(f"{W}p")]
    for expected in (
        "国家中小学智慧教育平台教师研修应用案例信息表",
        "“智研” <共同体> & 三年",
        "王小明",
        "13900005678",
        "☑ 1.区域研修应用案例",
        "☐ 2.校本研修应用案例",
        SUMMARY,
        "作者签名：",
    ):
        assert expected in lines
    rows = [len(list(row.iter(f"{W}tc"))) for row in root.iter(f"{W}tr")]
    assert rows == [2, 5, 5, 5, 5, 2, 2, 2]
