"""Takes the rows out of a stranger's Word file without trusting it, or says how to save it as one that can be read."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from services.intake.domain.paper_sheet import Cell, Row
from shared.trouble import Refused

MOST_BYTES = 10 * 1024 * 1024
WALL_SECONDS = 15.0
AT_ONCE = 2
"""So many files are read at a time by one process of pages; each costs a tenth of a second."""
_WAIT_SECONDS = 10.0
_ROOT = Path(__file__).resolve().parents[3]

SAVE_AS = (
    "请用Word或WPS打开原文件，点“文件”→“另存为”，文件类型选“Word文档（.docx）”"
    "（WPS为“Microsoft Word文件（.docx）”），再上传新文件。"
)
_FAULTS = {
    "empty": "这个文件是空的（0字节）。请在电脑上打开核对内容，保存后重新上传。",
    "too-big": f"这个文件超过{MOST_BYTES // 1024 // 1024} MB，不能读取。"
    "请删去其中的图片后重新保存，或直接在页面上填写。",
    "pdf": "这是PDF文件，不能从中读取。" + SAVE_AS + "签好名的PDF扫描件请在“作者声明与共享提示”一页上传。",
    "doc": "这是旧版Word文件（.doc），不能从中读取。" + SAVE_AS,
    "encrypted": "这个文件设了打开密码，不能读取。请用Word或WPS打开，点“文件”→“信息”→“保护文档”→“用密码进行加密”"
    "（WPS为“文件”→“文档加密”→“密码加密”），删去密码后保存为.docx，再上传。",
    "image": "这是图片，不能从中读取。"
    "请上传填好的附表1的Word文件（.docx）；签好名的照片请在“作者声明与共享提示”一页上传。",
    "other": "这不是Word文档。" + SAVE_AS,
    "damaged": "这个文件已损坏或不完整，不能读取。" + SAVE_AS,
    "large": "这个文件的内容太多，不像是附表1。请核对是否选错了文件：案例介绍文档请在“案例介绍文档”一页上传。",
    "slow": "这个文件用了太长时间也没有读完。" + SAVE_AS,
}
_BUSY = "现在读取文件的人较多，请过一会儿再试，或直接在页面上填写。已填写的内容没有变化。"
_turns = threading.BoundedSemaphore(AT_ONCE)


def refuse(fault: str) -> Refused:
    """The refusal with the words for a fault."""
    return Refused(f"sheet-{fault}", _FAULTS[fault], field="file")


def rows_of_file(content: bytes) -> tuple[Row, ...]:
    """The rows of a .docx. Refused, with what to do, where the file is none or cannot be read."""
    if fault := _not_docx(content):
        raise refuse(fault)
    if not _turns.acquire(timeout=_WAIT_SECONDS):
        raise Refused("sheet-busy", _BUSY, status=503)
    try:
        said = _asked(content)
    finally:
        _turns.release()
    if "fault" in said:
        raise refuse(said["fault"])
    return tuple(Row(table=table, cells=tuple(Cell(*cell) for cell in cells)) for table, cells in said["rows"])


def _not_docx(content: bytes) -> str:
    """What the file is if it is no ZIP archive, by its first bytes."""
    head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not content:
        return "empty"
    if len(content) > MOST_BYTES:
        return "too-big"
    if content.startswith(b"PK\x03\x04"):
        return ""
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "encrypted" if "EncryptedPackage".encode("utf-16-le") in content else "doc"
    if head.startswith((b"{\\rtf", b"\xdb\xa5")):
        return "doc"
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")):
        return "image"
    return "other"


def _asked(content: bytes) -> dict[str, Any]:
    """What the reading process says; a process that dies or takes too long says so."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "services.intake.adapters.docx_rows"],
            input=content,
            capture_output=True,
            timeout=WALL_SECONDS,
            cwd=_ROOT,
            env={"PYTHONUTF8": "1"},  # no secrets go in
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"fault": "slow"}
    if done.returncode != 0 or not done.stdout:
        return {"fault": "slow" if done.returncode < 0 else "damaged"}
    said: dict[str, Any] = json.loads(done.stdout)
    return said
