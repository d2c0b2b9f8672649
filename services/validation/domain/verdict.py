"""Weighs what the reader saw against the campaign: the verdict on one file, with every finding in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from services.validation.domain import wording
from services.validation.domain.findings import UNREADABLE_DOCUMENT, Code, Finding, Outcome, Sign, outcome_of
from services.validation.domain.headings import FoundPart
from shared.campaign.model import Campaign
from shared.campaign.parts import Severity

Role = Literal["document", "material", "sheet"]
_PICTURES = frozenset({"jpg", "png", "gif", "bmp", "webp"})
_EXTENSIONS = {"jpg": ("jpg", "jpeg", "jpe", "jfif"), "wps": ("wps",), "mp4": ("mp4", "m4v"), "tiff": ("tif", "tiff")}
# Types whose contents nobody can look at: the name on the outside is then no lie worth telling.
_NAMELESS = frozenset({"unknown", "empty", "ole", "ooxml", "encrypted-office", "word95", "works"})
# What keeps a reader from learning the type.
_UNTOLD = frozenset({Code.ENCRYPTED, Code.CORRUPT, Code.TRUNCATED, Code.UNREADABLE, Code.HASH_MISMATCH})
RULE = "按 Word 状态栏的“字数”计：每个汉字、每个中文标点计1字，连续的字母或数字计1字，空格不计"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was seen in one file, before anything is weighed. `words_*` are 字数 of a Word document."""

    kind: str
    signs: tuple[Sign, ...] = ()
    words_low: int | None = None
    words_high: int | None = None
    parts: tuple[FoundPart, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FileVerdict:
    """The verdict on one file. `parts` are the recognised ones with the headings they were recognised by."""

    outcome: Outcome
    kind: str
    findings: tuple[Finding, ...]
    words_low: int | None
    words_high: int | None
    parts: tuple[FoundPart, ...]
    seconds: float

    @property
    def unreadable(self) -> bool:
        """Known to be unreadable, which blocks submission of a case document (V10)."""
        return any(finding.code in UNREADABLE_DOCUMENT for finding in self.findings if _grave(finding))


def unread(what: str) -> Reading:
    """The reading of a file that felled its reader."""
    return Reading(kind="unknown", signs=(Sign(code=Code.UNREADABLE, what=what),))


def decide(reading: Reading, *, role: Role, name: str, campaign: Campaign) -> FileVerdict:
    """Weigh a reading by the campaign's severities and limits."""
    signs = list(_of_type(reading, role, name, campaign))
    signs += reading.signs
    if role == "document" and reading.words_low is not None:
        signs += _of_length(reading.words_low, reading.words_high or 0, campaign.limits.document_words)
        signs += _of_parts(reading, campaign)
    findings = tuple(_weighed(sign, role, reading.kind, campaign) for sign in dict.fromkeys(signs))
    return FileVerdict(
        outcome=outcome_of(findings),
        kind=reading.kind,
        findings=findings,
        words_low=reading.words_low,
        words_high=reading.words_high,
        parts=reading.parts,
        seconds=reading.seconds,
    )


def _grave(finding: Finding) -> bool:
    return finding.severity in (Severity.FAILED, Severity.BLOCKED)


def _weighed(sign: Sign, role: Role, kind: str, campaign: Campaign) -> Finding:
    severity = campaign.severity(sign.code, of=role)
    finding = wording.said(sign, severity)
    if sign.code is not Code.TYPE_NOT_ALLOWED:
        return finding
    return Finding(code=sign.code, severity=severity, message=_instead(role, kind, finding.message), place=sign.place)


def _instead(role: Role, kind: str, message: str) -> str:
    """What to hand in instead of a type that is not on the list."""
    if role == "document":
        return wording.PDF_AS_DOCUMENT if kind == "pdf" else message + wording.SAVE_AS_DOCX
    return message + (wording.ALLOWED_SHEETS if role == "sheet" else wording.ALLOWED_MATERIALS)


def _of_type(reading: Reading, role: Role, name: str, campaign: Campaign) -> Iterator[Sign]:
    kind = reading.kind
    ending = name.rsplit(".", 1)[-1].casefold() if "." in name else ""
    allowed = {file_type.code: file_type.extensions for file_type in campaign.file_types(role)}
    known = {sign.code for sign in reading.signs}
    if kind == "empty":
        yield Sign(code=Code.EMPTY_FILE)
        return
    if kind == "word95":
        yield Sign(code=Code.UNSUPPORTED_OLD)
    elif kind not in allowed and not (kind in _NAMELESS and known & _UNTOLD):
        yield Sign(code=Code.TYPE_NOT_ALLOWED, what=wording.type_name(kind))
    if kind in _NAMELESS or ending in endings_of(kind) or f".{ending}" in allowed.get(kind, ()):
        return
    shown = f"{f'名称是“.{ending}”' if ending else '名称没有扩展名'}，内容是{wording.type_name(kind)}"
    pictures = kind in _PICTURES and any(ending in endings_of(other) for other in _PICTURES)
    yield Sign(code=Code.NAME_DIFFERS if pictures else Code.TYPE_MISMATCH, what=shown)


def endings_of(kind: str) -> tuple[str, ...]:
    """The endings a name of this type may have, without the dot."""
    return _EXTENSIONS.get(kind, (kind,))


def _of_length(low: int, high: int, limit: int) -> Iterator[Sign]:
    counted = f"文档共{low}字" if low == high else f"文档共{low}至{high}字"
    if high == 0:
        yield Sign(code=Code.NO_TEXT)
    elif low > limit:
        words = f"{counted}，超过{limit}字的上限，请删减{low - limit}字以上。（{RULE}。）"
        yield Sign(code=Code.TOO_LONG, what=words)
    elif high > limit:
        words = f"{counted}，上限为{limit}字。不同版本的 Word 计法略有差别，建议再删减{high - limit}字。（{RULE}。）"
        yield Sign(code=Code.LENGTH_UNCERTAIN, what=words)


def _of_parts(reading: Reading, campaign: Campaign) -> Iterator[Sign]:
    if reading.words_high == 0:
        return
    found = {part.code: part for part in reading.parts}
    for part in campaign.parts:
        here = found.get(part.code)
        if here is None:
            yield Sign(code=Code.PART_MISSING, what=part.name)
        elif here.empty:
            yield Sign(code=Code.PART_EMPTY, what=part.name, place=here.where)
