"""One year's collection: every window, limit, list and text that the notice sets, as one frozen value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from shared.campaign.codes import FINDING_CODES
from shared.campaign.parts import (
    Category,
    CertificateFor,
    Certificates,
    Coded,
    Consent,
    Criterion,
    FileType,
    Frozen,
    Helpline,
    Item,
    Limits,
    Part,
    Place,
    Platform,
    Province,
    RankingMethod,
    Severity,
    Stage,
    Studio,
    Text,
    Texts,
    UnitType,
    Window,
    WindowName,
    Windows,
    broken,
    folded,
    pick,
    repeats,
)

__all__ = [
    "Campaign",
    "Category",
    "CertificateFor",
    "Certificates",
    "Consent",
    "Criterion",
    "FileRole",
    "FileType",
    "Helpline",
    "Item",
    "Limits",
    "Part",
    "Platform",
    "Province",
    "RankingMethod",
    "Severity",
    "Stage",
    "Studio",
    "Texts",
    "UnitType",
    "Window",
    "WindowName",
    "Windows",
]

FileRole = Literal["document", "material", "sheet"]
_Named = tuple[Category, ...] | tuple[Province, ...]
_SEVERITY_KEY = re.compile(r"(?:(?:document|material|sheet)\.)?([A-Z][A-Z0-9_]*)")


def _known_code(key: str) -> str:
    match = _SEVERITY_KEY.fullmatch(key)
    if match is None or match[1] not in FINDING_CODES:
        broken([((), f"没有名为 {key} 的检查结果代码")])
    return key


class Campaign(Frozen):
    """The campaign file, whole. It travels as an event, so it stays under 64 KB of JSON."""

    id: Annotated[str, Field(pattern=r"^[0-9]{4}-[a-z0-9]+(-[a-z0-9]+)*$")]
    revision: Annotated[int, Field(ge=1)] = 1
    """Raised by the centre each time the campaign is published anew."""
    title: Text
    subtitle: Text
    activity: Text
    organiser: Text
    issuer: Text
    """The body in whose name lists and certificates appear."""
    helpline: Helpline
    mailbox: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    platforms: Coded[Platform]

    windows: Windows
    grace_minutes: Annotated[float, Field(ge=0)]
    """After submission closes, for a draft whose uploads were registered before; not shown on pages."""
    seal_delay_seconds: Annotated[float, Field(ge=0)]
    """From the end of recommendation until shortlists are sealed."""

    categories: Coded[Category]
    limits: Limits
    parts: Coded[Part]
    material_kinds: Coded[Item]
    document_types: Coded[FileType]
    material_types: Coded[FileType]
    sheet_types: Coded[FileType]
    severities: dict[Annotated[str, AfterValidator(_known_code)], Severity] = Field(
        json_schema_extra={"propertyNames": {"pattern": f"^({_SEVERITY_KEY.pattern})$"}}
    )
    """By finding code; ``document.CODE`` (or material, sheet) goes before ``CODE`` for files of that role."""

    provinces: Coded[Province]
    unit_types: Coded[UnitType]
    roles: Coded[Item]
    texts: Texts
    consents_are_conditions: bool

    eligibility: Coded[Item]
    """What the centre confirms of a recommended case before experts see it."""
    disqualification_reasons: Coded[Item]
    experts_per_case: Annotated[int, Field(ge=1)]
    ranking_method: RankingMethod
    disagreement_threshold: Annotated[float, Field(gt=0, le=100)]
    """Highest minus lowest total mark, of 100, from which one more expert is asked."""
    exemplary_share: Annotated[float, Field(ge=0, le=1)]
    showcase_share: Annotated[float, Field(ge=0, le=1)]
    public_notice_days: Annotated[int, Field(ge=0, le=90)]
    hidden_from_experts: tuple[Literal["author_names", "author_units", "file_names"], ...]
    redact_contents: bool
    certificates: Certificates
    stages: Coded[Stage]

    @field_validator("categories", "provinces")
    @classmethod
    def _names_are_distinct(cls, items: _Named) -> _Named:
        broken(_shared_names(items))
        return items

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.exemplary_share + self.showcase_share > 1:
            broken([(("showcase_share",), "典型案例与展示案例的比例之和不能超过 1")])
        return self

    def campaign_json(self) -> str:
        """The campaign as JSON; ``Campaign.model_validate_json`` gives an equal one back."""
        return self.model_dump_json()

    def window(self, name: WindowName) -> Window:
        window: Window = getattr(self.windows, name)
        return window

    def category(self, code: str) -> Category:
        """LookupError if there is none with this code."""
        return pick(self.categories, code)

    def find_category(self, name: str) -> Category | None:
        """By code, name or alias, however it is spaced; a leading number (1. 2、) is not part of the name."""
        wanted = re.sub(r"^[(]?[0-9]+[.、)]", "", folded(name))
        return next((c for c in self.categories if wanted == c.code or wanted in map(folded, c.names)), None)

    def province(self, code_or_name: str) -> Province:
        """By code, name or alias; LookupError if there is none."""
        found = self.find_province(code_or_name)
        if found is None:
            raise LookupError(f"the campaign has no province {code_or_name!r}")
        return found

    def find_province(self, code_or_name: str) -> Province | None:
        wanted = folded(code_or_name)
        return next((p for p in self.provinces if wanted == p.code or wanted in map(folded, p.names)), None)

    def province_of_unit(self, unit: str) -> Province | None:
        """The province whose longest name the unit's name begins with: 江苏省电化教育馆 is of 江苏省.

        Names of one character do not count: 吉安 is not in 吉林, 晋江 not in 山西.
        """
        wanted = folded(unit)
        names = [(folded(name), province) for province in self.provinces for name in province.names]
        begins = [(len(name), p) for name, p in names if len(name) > 1 and wanted.startswith(name)]
        return max(begins, key=lambda found: found[0])[1] if begins else None

    def severity(self, code: str, *, of: FileRole | None = None) -> Severity:
        """How grave this finding is (in a file of that role); failed if the campaign does not say."""
        general = self.severities.get(code, Severity.FAILED)
        return self.severities.get(f"{of}.{code}", general) if of else general

    def file_types(self, role: FileRole) -> tuple[FileType, ...]:
        """The true types a file of this role may have."""
        return {"document": self.document_types, "material": self.material_types, "sheet": self.sheet_types}[role]

    def part(self, code: str) -> Part:
        return pick(self.parts, code)

    def material_kind(self, code: str) -> Item:
        return pick(self.material_kinds, code)

    def unit_type(self, code: str) -> UnitType:
        return pick(self.unit_types, code)

    def role(self, code: str) -> Item:
        return pick(self.roles, code)

    def platform(self, code: str) -> Platform:
        return pick(self.platforms, code)

    def stage(self, code: str) -> Stage:
        return pick(self.stages, code)

    def disqualification_reason(self, code: str) -> Item:
        return pick(self.disqualification_reasons, code)


def _shared_names(items: Sequence[Category | Province]) -> Iterator[Place]:
    names = [((n,), name) for n, item in enumerate(items) for name in dict.fromkeys(map(folded, item.names))]
    yield from repeats(names, "名称或别名")
