"""The pieces a campaign is made of: windows, categories, provinces, file types and the other coded lists."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Protocol, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.clock import SHANGHAI

Text = Annotated[str, Field(min_length=1)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Place = tuple[tuple[str | int, ...], str]
"""Where in the campaign a rule is broken (keys and indexes), and the Chinese sentence about it."""
WindowName = Literal["registration", "contact_forms", "submission", "recommendation", "review", "publication"]
IN_TURN: tuple[WindowName, ...] = ("submission", "recommendation", "review", "publication")


class Severity(StrEnum):
    """How grave a finding is."""

    BLOCKED = "blocked"  # submission is refused; V10 says which few may do that
    FAILED = "failed"  # the report says failed, the case travels on
    REMARK = "remark"
    INFO = "info"


class CertificateFor(StrEnum):
    """Whom a certificate is made out to."""

    EACH_AUTHOR = "each_author"
    EACH_CASE = "each_case"


class RankingMethod(StrEnum):
    """How experts' marks become one rank; calibrated marks are shown beside it either way."""

    PLAIN_MEAN = "plain_mean"


class Frozen(BaseModel):
    """A value: no unknown keys, no change after it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


def broken(places: Iterable[Place]) -> None:
    """Raise one validation error that carries every place at fault, if there is one."""
    found = list(places)
    if found:
        text = "；".join(message for _, message in found)
        raise PydanticCustomError("campaign_rule", "{text}", {"text": text, "places": found})


def repeats(values: Iterable[tuple[tuple[str | int, ...], str]], what: str) -> Iterator[Place]:
    """The places whose value stood somewhere before."""
    seen: set[str] = set()
    for place, value in values:
        if value in seen:
            yield place, f"{what}“{value}”重复，每项须各不相同"
        seen.add(value)


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


_T = TypeVar("_T", bound=_Coded)


def _distinct(items: tuple[_T, ...]) -> tuple[_T, ...]:
    broken(repeats((((n, "code"), item.code) for n, item in enumerate(items)), "代码"))
    return items


Coded = Annotated[tuple[_T, ...], Field(min_length=1), AfterValidator(_distinct)]


def folded(name: str) -> str:
    """A name as it is compared: full-width and half-width alike, without any white space."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def last_second(closes: datetime) -> datetime:
    """The last whole second, in Beijing time, of a half-open window that closes then."""
    return (closes - timedelta(microseconds=1)).astimezone(SHANGHAI).replace(microsecond=0)


class Window(Frozen):
    """A half-open span of time: ``opens`` belongs to it, ``closes`` does not."""

    opens: AwareDatetime
    closes: AwareDatetime
    announced: bool = True
    """False while the notice only says 另行通知: the instants are a plan that pages do not show."""

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        if self.opens >= self.closes:
            broken([(("closes",), "截止时间须晚于开始时间")])
        return self

    def contains(self, at: datetime) -> bool:
        return self.opens <= at < self.closes

    def has_opened(self, at: datetime) -> bool:
        return self.opens <= at

    def has_closed(self, at: datetime) -> bool:
        return self.closes <= at

    @property
    def last_second(self) -> datetime:
        """What pages call 截止, in Beijing time: 10月15日23:59:59 for a window that closes at midnight."""
        return last_second(self.closes)


class Windows(Frozen):
    """When each thing can be done. They may overlap after an extension, but not in a campaign file."""

    registration: Window
    contact_forms: Window
    submission: Window
    recommendation: Window
    review: Window
    publication: Window

    def clashes(self) -> list[Place]:
        """Windows of the plan that run into each other: submission to publication follow one another."""
        found: list[Place] = []
        for earlier, later in itertools.pairwise(IN_TURN):
            if getattr(self, later).opens < getattr(self, earlier).closes:
                found.append(((later, "opens"), f"{later} 须在 {earlier} 截止之后开始，二者不能重叠"))
        if self.registration.opens > self.submission.opens:
            found.append((("registration", "opens"), "registration 不能晚于 submission 开始"))
        if self.registration.closes < self.submission.closes:
            found.append((("registration", "closes"), "registration 不能早于 submission 截止"))
        if self.contact_forms.closes > self.recommendation.opens:
            found.append((("contact_forms", "closes"), "contact_forms 须在 recommendation 开始之前截止"))
        return found


class Criterion(Frozen):
    """One line of a category's rubric; ``weight`` is its share of 100 and its highest mark."""

    code: Code
    name: Text
    description: Text
    weight: Annotated[int, Field(ge=1, le=100)]
    source: Text
    """The place in the notice that it is drawn from."""


class Studio(Frozen):
    """What a studio case gives besides: its host among the authors, its address, and figures of the year."""

    host_required: bool
    address_required: bool
    min_contribution: Annotated[int, Field(ge=0)]
    min_live_sessions: Annotated[int, Field(ge=0)]


class Category(Frozen):
    """One kind of case; every name under which the notice and its annexes call it is known."""

    code: Code
    name: Text
    short_name: Text
    aliases: tuple[Text, ...] = ()
    description: Text
    characteristics: tuple[Text, ...]
    needs_school: bool
    """The authors' unit must be a school or a kindergarten."""
    studio: Studio | None = None
    rubric: Coded[Criterion]
    weights_in_notice: bool
    """False: the weights are a proposal that the centre approves before experts are invited."""

    @model_validator(mode="after")
    def _weights_make_100(self) -> Self:
        total = sum(criterion.weight for criterion in self.rubric)
        if total != 100:
            broken([(("rubric",), f"各项权重之和应为 100，现为 {total}")])
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, self.short_name, *self.aliases)

    def criterion(self, code: str) -> Criterion:
        return pick(self.rubric, code)


class Limits(Frozen):
    """How much is too much. Words are 字 as ``shared.counting`` counts them, sizes are bytes."""

    min_authors: Annotated[int, Field(ge=1)]
    authors: Annotated[int, Field(ge=1)]
    summary_words: Annotated[int, Field(ge=1)]
    document_words: Annotated[int, Field(ge=1)]
    document_bytes: Annotated[int, Field(ge=1)]
    sheet_bytes: Annotated[int, Field(ge=1)]
    materials_bytes: Annotated[int, Field(ge=1)]
    """All supporting materials of a case together; document and sheet do not count."""
    min_materials: Annotated[int, Field(ge=0)]
    recommendations_per_province: Annotated[int, Field(ge=1)]
    """Over all categories; the centre may grant a province more."""
    cases_per_person_in_category: Annotated[int, Field(ge=1)] | None = None
    """None: as many as one likes."""


class Part(Frozen):
    """One part that the case document must have, and the headings that people write for it."""

    code: Code
    name: Text
    aliases: tuple[Text, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


class Item(Frozen):
    """One entry of a plain list: a role, a reason, a point of a checklist."""

    code: Code
    name: Text
    description: str = ""


class FileType(Frozen):
    """A file type by the short name the checker gives to what it truly is."""

    code: Code
    name: Text
    extensions: Annotated[tuple[Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")], ...], Field(min_length=1)]


class UnitType(Frozen):
    """A kind of unit an author works at."""

    code: Code
    name: Text
    school: bool
    """True for schools and kindergartens, whose teachers may hand in a 校本 case."""


class Province(Frozen):
    """One of the units that screens and recommends."""

    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    name: Text
    short_name: Text
    local: bool = False
    """True: GB/T 2260 has no such code, it holds within this campaign only."""
    aliases: tuple[Text, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, self.short_name, *self.aliases)


class Platform(Frozen):
    """A site the notice names."""

    code: Code
    name: Text
    address: Text


class Consent(Frozen):
    """One thing an author agrees to, in the words that are shown and recorded."""

    code: Code
    wording: Text
    for_showcase: bool = True
    """Whether a case is shown on the platform only where every author gives it."""


class Texts(Frozen):
    """What authors read and agree to."""

    invitation: str = ""
    """What is collected and who may take part: the first sentence of the front page."""
    declaration: Text
    consents_title: Text
    consents: Coded[Consent]
    duties: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Stated on the page before a case is submitted."""
    sources_question: Text
    privacy_notice: Text


class Stage(Frozen):
    """One step of the timeline that an author sees; ``window`` gives its date where there is one."""

    code: Code
    name: Text
    window: WindowName | None = None
    description: str = ""


class Helpline(Frozen):
    """Where people call."""

    phone: Text
    hours: Text


class Certificates(Frozen):
    """How certificates are made out; ``query_opens`` empty means together with publication."""

    one_for: CertificateFor
    title: Text
    seal: Text
    """The words on the seal."""
    query_opens: AwareDatetime | None = None


_C = TypeVar("_C", bound=_Coded)


def pick(items: Iterable[_C], code: str) -> _C:
    """The entry with this code; LookupError if there is none."""
    for item in items:
        if item.code == code:
            return item
    raise LookupError(f"the campaign has no entry {code!r}")
