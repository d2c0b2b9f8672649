"""Who takes part: provinces with their contacts, authors with their cases, experts, and what each case has to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from shared.campaign.model import Campaign
from zhengji.play.documents import SHAPES, Shape
from zhengji.play.prose import Story, job_title, person_name, tell_story

PASSWORD_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105  # what passwords are made of


class Twist(StrEnum):
    """What is special about a case."""

    PLAIN = "plain"
    TOO_LONG = "too-long"  # over 3000 字: submitted, the report says failed
    PART_MISSING = "part-missing"  # one part is missing: a remark
    ENCRYPTED = "encrypted"  # a locked document blocks; a clean one follows
    RENAMED_PDF = "renamed-pdf"  # a PDF called .docx blocks; a clean one follows
    PDF = "pdf"  # an honest PDF is refused at once, with advice
    TOO_BIG = "too-big"  # over 100 MB of materials: refused before a byte goes
    FOURTH_AUTHOR = "fourth-author"  # refused with the limit
    REPLACED = "replaced"  # submitted, changed, submitted again
    WITHDRAWN = "withdrawn"  # submitted and taken back
    CAME_BACK = "came-back"  # taken back and submitted again
    LARGE = "large"  # one material of 60 MB
    WITHOUT_SCRIPT = "without-script"  # files go through the plain form


class Signing(StrEnum):
    """How co-authors sign."""

    SCAN = "scan"
    ACCOUNT = "account"
    MISSING = "missing"


_SPECIAL = (
    Twist.REPLACED,
    Twist.TOO_LONG,
    Twist.ENCRYPTED,
    Twist.WITHDRAWN,
    Twist.FOURTH_AUTHOR,
    Twist.TOO_BIG,
    Twist.CAME_BACK,
    Twist.PART_MISSING,
    Twist.RENAMED_PDF,
    Twist.PDF,
    Twist.WITHOUT_SCRIPT,
    Twist.LARGE,
)
"""In the order in which a small play takes them."""


@dataclass(frozen=True)
class Person:
    """Somebody with a name, a mobile, a mailbox and a password."""

    name: str
    mobile: str
    email: str
    password: str
    unit: str
    title: str
    province: str
    province_name: str


@dataclass(frozen=True)
class CasePlan:
    """One case: who hands it in, what it says, and what happens to it."""

    key: str
    category: str
    author: Person
    co_authors: tuple[Person, ...]
    story: Story
    shape: Shape
    twist: Twist
    signing: Signing

    @property
    def people(self) -> tuple[Person, ...]:
        """All authors in order."""
        return (self.author, *self.co_authors)


@dataclass(frozen=True)
class ProvincePlan:
    """One province and its contact."""

    code: str
    name: str
    contact: Person
    department: str
    form: str
    """How the contact form comes: body, docx or incomplete first."""


@dataclass(frozen=True)
class Cast:
    """Everybody of one play."""

    run: str
    administrator: Person
    deputy: Person
    """A second officer: a disqualification needs two."""
    provinces: tuple[ProvincePlan, ...]
    cases: tuple[CasePlan, ...]
    experts: tuple[Person, ...]

    @property
    def people(self) -> list[Person]:
        """Everybody."""
        authors = [person for case in self.cases for person in case.people]
        return [self.administrator, self.deputy, *(each.contact for each in self.provinces), *self.experts, *authors]

    @property
    def secrets(self) -> list[str]:
        """What no open topic may hold of them."""
        return [text for person in self.people for text in (person.name, person.mobile, person.email)]


@dataclass
class _Casting:
    """Makes people whose mobiles and addresses nobody had before."""

    campaign: Campaign
    run: str
    chance: Random
    made: int = 0
    numbers: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        # Eight digits behind the prefix: a place for each ten seconds of a day, and ten thousand people in each.
        first = int(self.run) // 10 % 10_000 * 10_000
        self.numbers = iter(range(first, first + 10_000))

    def person(self, who: str, province: str, *, unit: str = "", title: str = "") -> Person:
        place = self.campaign.province(province)
        number = next(self.numbers)
        return Person(
            name=person_name(self.chance),
            mobile=f"{self.chance.choice(('138', '139', '158', '186'))}{number:08}",
            email=f"{who}{number % 10_000}.{self.run}@p{province[:2]}.example",
            password="".join(self.chance.choice(PASSWORD_LETTERS) for _ in range(12)) + "7k",
            unit=unit or f"{place.name}教育技术中心",
            title=title or job_title(self.chance),
            province=province,
            province_name=place.name,
        )


_PLACES = (
    "城关",
    "东湖",
    "南山",
    "西城",
    "北岭",
    "清河",
    "平安",
    "新华",
    "文昌",
    "青云",
    "双桥",
    "临江",
    "凤凰",
    "金水",
    "龙泉",
)
_SCHOOLS = ("实验小学", "第一中学", "第二中学", "中心小学", "外国语学校", "第三初级中学", "实验幼儿园", "第五小学")
_OFFICES = ("教师发展中心", "教育局教研室", "电化教育馆", "教师进修学校")


def make_cast(campaign: Campaign, *, run: str, provinces: int, cases: int, experts: int, seed: int = 2024) -> Cast:
    """The cast of one play; the same seed and run make the same people. ``run`` is a number of ten digits or so."""
    chance = Random(seed)  # noqa: S311  # a play, not a secret
    casting = _Casting(campaign, run, chance)
    codes = [province.code for province in campaign.provinces]
    taking_part = sorted(chance.sample(codes, provinces))
    return Cast(
        run=run,
        administrator=casting.person("admin", codes[0], unit=campaign.organiser, title="主任"),
        deputy=casting.person("officer", codes[0], unit=campaign.organiser, title="副主任"),
        provinces=tuple(_province(casting, code, at) for at, code in enumerate(taking_part)),
        cases=tuple(_case(casting, taking_part, at, cases) for at in range(cases)),
        experts=tuple(casting.person("expert", codes[at % len(codes)], unit=_expert_unit(at)) for at in range(experts)),
    )


def _province(casting: _Casting, code: str, at: int) -> ProvincePlan:
    name = casting.campaign.province(code).name
    form = ("body", "docx", "incomplete")[at % 3]
    return ProvincePlan(code, name, casting.person("contact", code, title="主任"), "教师发展部", form)


def _case(casting: _Casting, provinces: list[str], at: int, total: int) -> CasePlan:
    chance = casting.chance
    category = casting.campaign.categories[at % len(casting.campaign.categories)]
    province = provinces[at // len(casting.campaign.categories) % len(provinces)]
    place = casting.campaign.province(province)
    unit = f"{place.short_name}{chance.choice(_PLACES)}{chance.choice(_SCHOOLS if category.needs_school else _OFFICES)}"
    twist = _twist(at, total)
    words = 3380 if twist is Twist.TOO_LONG else chance.randint(850, 2900)
    author = casting.person("author", province, unit=unit)
    co_authors = tuple(casting.person("author", province, unit=unit) for _ in range(chance.choice((0, 0, 1, 2))))
    if twist is Twist.FOURTH_AUTHOR:
        co_authors = tuple(casting.person("author", province, unit=unit) for _ in range(2))
    return CasePlan(
        key=f"c{at:03}",
        category=category.code,
        author=author,
        co_authors=co_authors,
        story=tell_story(chance, category=category.code, unit=unit, province=place.name, words=words),
        shape=SHAPES[at % len(SHAPES)],
        twist=twist,
        signing=tuple(Signing)[at // 2 % 3],
    )


def _twist(at: int, total: int) -> Twist:
    """Every special case once, as far as there is room, spread over the play; all others are plain."""
    room = min(len(_SPECIAL), max(1, total - 2))
    every = max(1, total // (room + 1))
    place, rest = divmod(at, every)
    return _SPECIAL[place] if rest == 0 and place < room else Twist.PLAIN


def _expert_unit(at: int) -> str:
    return f"{('华东', '华中', '西南', '北方', '东南', '西北')[at % 6]}师范大学教师教育学院{at // 6 + 1}室"
