"""What stands on paper: typeset, embedded, never clipped (E1, E5)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from services.certificate.adapters.pdf import CertificateTypesetter, DoesNotFit, GlyphMissing
from shared.typesetting import FontMissing
from tests.certificate.samples import NUMBER, a_print, typesetter

LONG_NAMES = (
    "阿卜杜热合曼·麦麦提图尔荪·阿卜杜喀迪尔·艾则孜江",
    "买买提吐尔逊·阿不都热依木·艾合买提江·库尔班江",
    "古丽尼格尔·阿卜杜外力·阿不都热依木·艾合买提江",
)
LONG_UNIT = "新疆维吾尔自治区伊犁哈萨克自治州察布查尔锡伯自治县教育局教学研究与教师发展指导中心（伊犁州师训中心分部）"
LONG_TITLE = (
    "依托国家中小学智慧教育平台构建“区域统筹、校际协同、名师引领、数据赋能”四位一体的农村学校教师线上线下混合式研修共同体的"
    "探索与实践——以某某自治县为例"
)


def poppler(tool: str, pdf: bytes, folder: Path, *options: str) -> str:
    file = folder / "certificate.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(
        [tool, *options, str(file), *(["-"] if tool == "pdftotext" else [])], capture_output=True, text=True
    )
    return done.stdout


def text_of(pdf: bytes, folder: Path) -> str:
    return "".join(poppler("pdftotext", pdf, folder, "-raw").split())


@pytest.mark.parametrize("holder", [0, 1, 2, None])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "authors": LONG_NAMES,
            "unit": LONG_UNIT,
            "case_title": LONG_TITLE,
            "category": "线上名师名校长工作室建设与应用案例",
        },
    ],
)
def test_everything_that_was_said_stands_on_one_page(
    changes: dict[str, Any], holder: int | None, tmp_path: Path
) -> None:
    print_ = a_print(**changes, holder=holder)
    pdf = typesetter().pdf(print_)
    found = text_of(pdf, tmp_path)
    wording = print_.wording
    said = [
        *wording.authors,
        wording.unit,
        f"《{wording.case_title}》",
        wording.category,
        wording.issuer,
        wording.subtitle,
    ]
    assert [
        words for words in [*said, "典型案例", "2024年12月20日", NUMBER] if words.replace(" ", "") not in found
    ] == []
    assert "Pages:1" in "".join(poppler("pdfinfo", pdf, tmp_path).split())


def test_nothing_is_printed_outside_the_frame(tmp_path: Path) -> None:
    pdf = typesetter().pdf(a_print(authors=LONG_NAMES, unit=LONG_UNIT * 2, case_title=LONG_TITLE))
    boxes = poppler("pdftotext", pdf, tmp_path, "-bbox")
    places = [line.split('"') for line in boxes.splitlines() if "<word" in line]
    assert places
    edges = [(float(p[1]), float(p[3]), float(p[5]), float(p[7])) for p in places]
    assert min(left for left, *_ in edges) > 39
    assert max(right for _, _, right, _ in edges) < 842 - 39
    assert max(bottom for *_, bottom in edges) < 595 - 39


def test_what_cannot_fit_is_refused_and_never_clipped() -> None:
    with pytest.raises(DoesNotFit, match="排不下"):
        typesetter().pdf(a_print(case_title=LONG_TITLE * 20))


@pytest.mark.parametrize("name", ["𠮷田", "䶮", "李㛃", "𬱖", "买买提·吐尔逊"])
def test_rare_characters_are_printed(name: str, tmp_path: Path) -> None:
    assert name in text_of(typesetter().pdf(a_print(authors=(name,))), tmp_path)


@pytest.mark.parametrize(
    ("name", "missing", "point"), [("李\ue000明", "\ue000", "U+E000"), ("李\U000323af", "\U000323af", "U+323AF")]
)
def test_a_missing_glyph_stops_this_certificate_and_names_the_character(name: str, missing: str, point: str) -> None:
    with pytest.raises(GlyphMissing, match="字库中没有") as caught:
        typesetter().pdf(a_print(authors=(name,)))
    assert caught.value.characters == missing
    assert point in caught.value.message
    typesetter().pdf(a_print())


def test_fonts_are_embedded_and_the_file_is_reproducible(tmp_path: Path) -> None:
    pdf = typesetter().pdf(a_print())
    fonts = [line.split() for line in poppler("pdffonts", pdf, tmp_path).splitlines()[2:]]
    assert fonts
    assert [row for row in fonts if row[-5] != "yes"] == []
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert pdf == typesetter().pdf(a_print()) == CertificateTypesetter().pdf(a_print())


def test_the_qr_code_can_be_read_from_a_print(tmp_path: Path) -> None:
    file = tmp_path / "certificate.pdf"
    file.write_bytes(typesetter().pdf(a_print()))
    subprocess.run(["pdftoppm", "-r", "150", "-png", str(file), str(tmp_path / "page")], check=True)
    zbar = shutil.which("zbarimg")
    if zbar is None:
        pytest.skip("zbarimg is not installed: no second opinion on the QR code")
    read = subprocess.run([zbar, "-q", "--raw", str(tmp_path / "page-1.png")], capture_output=True, text=True)
    assert read.stdout.strip() == a_print().verify_url


def test_a_folder_without_fonts_is_named(tmp_path: Path) -> None:
    with pytest.raises(FontMissing, match="ZHENGJI_FONT_DIR"):
        CertificateTypesetter(tmp_path)
