"""Files as pages show them: name, size, and what the check found, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.intake.domain.case import Case
from services.intake.domain.files import Check, File, Found
from shared.campaign.model import Campaign


@dataclass(frozen=True, kw_only=True)
class FileLine:
    """One file with what is known of it."""

    id: str
    name: str
    kind: str
    size: int
    sha256: str
    state: str
    look: str
    hint: str
    findings: tuple[str, ...]


def file_lines(case: Case, campaign: Campaign) -> list[tuple[File, FileLine]]:
    """Every file of a case, the replaced ones included, with what is known of it."""
    checks = {check.file_id: check for check in case.checks}
    kinds = {kind.code: kind.name for kind in campaign.material_kinds}
    return [(file, file_line(file, checks.get(file.file_id), kinds)) for file in case.files]


def file_line(file: File, check: Check | None, kinds: Mapping[str, str]) -> FileLine:
    """One file with what is known of it."""
    state, look = file_state(check)
    return FileLine(
        id=file.file_id,
        name=file.name,
        kind=kinds.get(file.kind, ""),
        size=file.size,
        sha256=file.sha256,
        state=state,
        look=look,
        hint=words_hint(check),
        findings=said(check.findings) if check else (),
    )


def file_state(check: Check | None) -> tuple[str, str]:
    """What to say of a file's check: words and look."""
    if check is None:
        return "检查中", "doing"
    if not check.sha256_agrees:
        return "校验值不一致，请重新上传", "wrong"
    if check.blocks:
        return "不能使用，请更换", "wrong"
    return {"passed": ("已检查", "done"), "remarks": ("已检查，有提示", "done"), "failed": ("未通过检查", "wrong")}[
        check.outcome
    ]


def words_hint(check: Check | None) -> str:
    """How many 字 the check counted."""
    if check is None or check.words_low is None:
        return ""
    if check.words_high is None or check.words_high == check.words_low:
        return f"{check.words_low}字"
    return f"{check.words_low}至{check.words_high}字"


def said(findings: Iterable[Found]) -> tuple[str, ...]:
    """Findings as sentences, those left out that are only for the record."""
    shown = (found for found in findings if found.severity != "info")
    return tuple(f"{found.message}（{found.place}）" if found.place else found.message for found in shown)
