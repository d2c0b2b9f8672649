"""Files of a case and the room for them: an upload is a reservation, and reserved + stored never passes a limit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from shared.campaign.model import Campaign, FileRole
from shared.events.intake import StoredFile
from shared.events.validation import FileChecked, Outcome, Severity
from shared.trouble import Refused

PART_BYTES = 8 * 1024 * 1024
RESERVED_FOR = timedelta(hours=24)
NAME_LETTERS = 120
MOST_FILES = 100
MOST_FILES_EVER = 500
"""Those deleted and replaced are kept as history, and a case has to stay within one document of the database."""
KIND_LETTERS = 40
MB = 1024 * 1024

ROLE_NAMES: dict[FileRole, str] = {"document": "案例介绍文档", "material": "支撑材料", "sheet": "签名的案例信息表"}


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a case. ``gone_at`` is when it was deleted or replaced; its bytes stay as history."""

    file_id: str
    role: FileRole
    name: str
    kind: str = ""
    size: int
    sha256: str
    object_key: str
    registered_at: datetime
    arrived_at: datetime
    gone_at: datetime | None = None
    replaced_by: str = ""

    def told(self) -> StoredFile:
        """The file as events carry it."""
        return StoredFile(
            file_id=self.file_id,
            role=self.role,
            name=self.name,
            kind=self.kind,
            size=self.size,
            sha256=self.sha256,
            object_key=self.object_key,
        )


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What somebody wishes to upload: ``sha256`` in hex, ``replaces`` the id of the file it takes the place of."""

    role: FileRole
    name: str
    kind: str = ""
    size: int
    sha256: str
    replaces: str = ""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Room reserved for one file whose bytes are on their way; ``multipart_id`` is the store's name for it."""

    upload_id: str
    announced: Announced
    object_key: str
    multipart_id: str
    registered_at: datetime
    expires_at: datetime

    def holds(self, at: datetime) -> bool:
        """Whether the room is still reserved."""
        return at < self.expires_at

    def arrived(self, at: datetime) -> File:
        """The file that this upload became."""
        return File(
            file_id=self.upload_id,
            role=self.announced.role,
            name=self.announced.name,
            kind=self.announced.kind,
            size=self.announced.size,
            sha256=self.announced.sha256,
            object_key=self.object_key,
            registered_at=self.registered_at,
            arrived_at=at,
        )


@dataclass(frozen=True, kw_only=True)
class Found:
    """One finding of validation, in words for the author."""

    code: str
    severity: Severity
    message: str
    place: str = ""
    file_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """What validation found in one file."""

    file_id: str
    outcome: Outcome
    sha256_agrees: bool
    true_type: str = ""
    findings: tuple[Found, ...] = ()
    words_low: int | None = None
    words_high: int | None = None
    parts: tuple[str, ...] = ()
    checker: str = ""
    at: datetime

    @property
    def blocks(self) -> bool:
        """Whether the campaign lets one of its findings hold back a submission."""
        return any(finding.severity == "blocked" for finding in self.findings)


def checked(event: FileChecked) -> Check:
    """What the event says about its file."""
    return Check(
        file_id=event.file_id,
        outcome=event.outcome,
        sha256_agrees=event.sha256_agrees,
        true_type=event.true_type,
        findings=tuple(Found(**finding.model_dump()) for finding in event.findings),
        words_low=event.words_low,
        words_high=event.words_high,
        parts=event.parts,
        checker=event.checker,
        at=event.at,
    )


def parts_of(size: int) -> int:
    """How many parts an upload of that size has."""
    return max(1, -(-size // PART_BYTES))


def part_bytes(size: int, number: int) -> int:
    """How many bytes part ``number`` (from 1) holds."""
    return min(PART_BYTES, size - (number - 1) * PART_BYTES)


def megabytes(size: int) -> str:
    """A size as pages write it, rounded so that an excess never looks like the limit: 100 MB, 100.1 MB."""
    whole, rest = divmod(size, MB)
    if not rest:
        return f"{whole} MB"
    return f"{-(-size * 10 // MB) / 10:.1f} MB"


def tidied(announced: Announced) -> Announced:
    """The wish as it is kept: a clean name, and a kind for materials only."""
    kind = announced.kind if announced.role == "material" else ""
    return replace(announced, name=clean_name(announced.name), kind=kind)


def clean_name(written: str) -> str:
    """A file's name as it is kept: no folders, no control characters, one Unicode form, at most 120 letters."""
    name = unicodedata.normalize("NFC", written).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(letter for letter in name if unicodedata.category(letter) not in {"Cc", "Cf", "Cs"})
    name = re.sub(r"\s+", " ", name).strip().lstrip(".")
    stem, ending = PurePosixPath(name).stem, PurePosixPath(name).suffix
    return f"{stem[: NAME_LETTERS - len(ending)]}{ending}" if len(name) > NAME_LETTERS else name


def ending(name: str) -> str:
    """.docx of 案例.DOCX; empty where there is none."""
    return PurePosixPath(name).suffix.lower()


def renamed(file: File, *, name: str, kind: str, campaign: Campaign) -> File:
    """The file under another name, or of another kind; its ending stays."""
    new = clean_name(name)
    if not new.removesuffix(ending(file.name)).strip():
        raise Refused("name-missing", "请填写文件名称。", field="name")
    if ending(new) != ending(file.name):
        new = clean_name(f"{new}{ending(file.name)}")
    if file.role == "material" and kind not in {each.code for each in campaign.material_kinds}:
        raise Refused("kind-missing", "请选择材料类别。", field="kind")
    return replace(file, name=new, kind=kind if file.role == "material" else "")


def check_announced(announced: Announced, campaign: Campaign) -> None:
    """Refused when the name, type, kind or size cannot be right; true types are validation's to judge."""
    role = announced.role
    if not announced.name or not ending(announced.name):
        raise Refused("name-missing", "文件名缺少扩展名，请把文件命名为“名称.扩展名”后重新选择。", field="name")
    allowed = campaign.file_types(role)
    endings = [ending for kind in allowed for ending in kind.extensions]
    if role == "document" and ending(announced.name) == ".pdf":
        raise pdf_as_document()
    if ending(announced.name) not in endings:
        raise Refused(
            "type-not-allowed",
            f"“{announced.name}”的格式不能作为{ROLE_NAMES[role]}。可以上传：{'、'.join(endings)}。请转换格式后重新选择。",
            field="name",
        )
    if role == "material" and announced.kind not in {kind.code for kind in campaign.material_kinds}:
        names = "、".join(kind.name for kind in campaign.material_kinds)
        raise Refused("kind-missing", f"请选择“{announced.name}”的材料类别：{names}。", field="kind")
    if announced.size < 1:
        raise Refused("file-empty", f"“{announced.name}”是空文件（0字节），请检查后重新选择。", field="size")
    if not re.fullmatch(r"[0-9a-f]{64}", announced.sha256):
        raise Refused("sha256-wrong", "缺少文件的SHA-256校验值（64位十六进制小写），请重新选择文件。", field="sha256")


def pdf_as_document() -> Refused:
    """A PDF cannot be the case document; how to save as .docx (V12)."""
    return Refused(
        "pdf-as-document",
        "案例介绍文档须为Word格式（.docx），PDF不能作为案例介绍文档。"
        "Word：文件→另存为→“Word文档（.docx）”；WPS：文件→另存为→“Microsoft Word文件（.docx）”；"
        "WPS手机版：工具→文件→另存为→选择.docx。已填写的内容都在；这份PDF可以作为支撑材料上传。",
        field="name",
    )


def check_room(
    announced: Announced, campaign: Campaign, *, files: Iterable[File], uploads: Iterable[Upload], at: datetime
) -> None:
    """Refused when the file does not fit beside what is stored and what is reserved."""
    limits = campaign.limits
    ever, going = list(files), [upload for upload in uploads if upload.holds(at)]
    files = [file for file in ever if not file.gone_at]
    _check_count(announced, files=files, going=going, ever=len(ever))
    if announced.role != "material":
        limit = limits.document_bytes if announced.role == "document" else limits.sheet_bytes
        if announced.size > limit:
            raise Refused(
                "file-too-big",
                f"“{announced.name}”为{megabytes(announced.size)}，{ROLE_NAMES[announced.role]}不超过{megabytes(limit)}。"
                "请压缩文档中的图片后重新上传。",
                field="size",
            )
        return
    stored = stored_materials(files, without=announced.replaces)
    reserved = reserved_materials(going, at)
    if stored + reserved + announced.size > limits.materials_bytes:
        left = max(0, limits.materials_bytes - stored - reserved)
        waiting = f"（其中正在上传{megabytes(reserved)}）" if reserved else ""
        raise Refused(
            "materials-too-big",
            f"“{announced.name}”为{megabytes(announced.size)}，支撑材料总大小不超过{megabytes(limits.materials_bytes)}，"
            f"已用{megabytes(stored + reserved)}{waiting}，还可上传{left // (MB // 10) / 10:g} MB。"
            "请压缩后再传，或先删除不需要的材料。",
            field="size",
        )


def _check_count(announced: Announced, *, files: list[File], going: list[Upload], ever: int) -> None:
    """Files under way count as if they were here; those that another takes the place of do not."""
    coming = (announced, *(upload.announced for upload in going))
    replaced, single = {each.replaces for each in coming}, {each.role for each in coming} - {"material"}
    staying = [file for file in files if file.file_id not in replaced and file.role not in single]
    if len(staying) + len(going) >= MOST_FILES:
        raise Refused(
            "too-many-files",
            f"一个案例最多{MOST_FILES}个文件（含正在上传的），请先删除不需要的文件或取消上传。",
            status=409,
        )
    if ever + len(going) >= MOST_FILES_EVER:
        raise Refused(
            "too-many-files-ever",
            f"这个案例已先后上传{MOST_FILES_EVER}个文件（含已删除、已替换的），不能再上传。如有需要，请致电服务热线。",
            status=409,
        )


def stored_materials(files: Iterable[File], *, without: str = "") -> int:
    """Bytes of all present supporting materials."""
    return sum(file.size for file in files if file.role == "material" and not file.gone_at and file.file_id != without)


def reserved_materials(uploads: Iterable[Upload], at: datetime) -> int:
    """Bytes reserved for supporting materials on their way."""
    return sum(upload.announced.size for upload in uploads if upload.announced.role == "material" and upload.holds(at))
