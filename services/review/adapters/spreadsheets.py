"""Reads the experts' spreadsheet and writes the shortlist's and the published list's."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence

import openpyxl
import xlsxwriter
from openpyxl.utils.exceptions import InvalidFileException

from shared.trouble import Refused

MOST_BYTES = 2 * 1024 * 1024
MOST_UNPACKED = 64 * 1024 * 1024
MOST_ROWS = 5000


def read_table(content: bytes, columns: Sequence[str], required: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows below the heading (line, text by column); Refused in Chinese where it is no such table."""
    if len(content) > MOST_BYTES:
        raise Refused("file-too-big", "文件超过2 MB，请删去无关内容后重新选择。", field="file")
    try:
        _refuse_bombs(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        lines = [[_text(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, IndexError) as error:
        raise Refused(
            "not-a-spreadsheet", "无法读取这个文件，请另存为Excel工作簿（.xlsx）后重新选择。", field="file"
        ) from error
    return _rows(lines, columns, required)


def _rows(lines: list[list[str]], columns: Sequence[str], required: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    heading = lines[0] if lines else []
    missing = [column for column in required if column not in heading]
    if missing:
        raise Refused("columns-missing", f"第1行缺少这些列：{'、'.join(missing)}。请按模板填写。", field="file")
    places = {column: heading.index(column) for column in columns if column in heading}
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = {column: line[at] if at < len(line) else "" for column, at in places.items()}
        if any(cells.values()):
            rows.append((number, cells))
    if not rows:
        raise Refused("no-rows", "表中没有专家，请从第2行起每行填写一位。", field="file")
    if len(rows) > MOST_ROWS:
        raise Refused("too-many-rows", f"一次最多导入{MOST_ROWS}位专家，请分批导入。", field="file")
    return rows


def _refuse_bombs(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
            raise Refused("file-too-big", "文件解压后过大，请删去无关内容后重新选择。", field="file")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # spreadsheets keep a mobile as a number
    return str(cell).strip()


def write_table(title: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """One sheet with a heading; text never becomes a formula or a link."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(title[:31])
    sheet.write_row(0, 0, heading, book.add_format({"bold": True}))
    for number, row in enumerate(rows, start=1):
        sheet.write_row(number, 0, row)
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()
