"""What an expert sees: the tasks, and a case without names, units and file names."""

from __future__ import annotations

from dataclasses import dataclass

from services.review.app import App
from services.review.domain.account import StaffAccount
from services.review.domain.case import Case
from services.review.domain.scoring import Review, ReviewState, review_id
from services.review.queries.words import REVIEW_STATES, category_name
from shared.campaign.parts import Criterion
from shared.trouble import NotThere

HIDDEN = "〔已隐去〕"


@dataclass(frozen=True, kw_only=True)
class Task:
    """One case to score, under the number it has in this expert's list."""

    case_id: str
    place: int
    title: str
    category: str
    state: str
    state_word: str
    total: float | None


@dataclass(frozen=True, kw_only=True)
class TaskList:
    """``done`` of ``total`` are sent."""

    tasks: tuple[Task, ...]
    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line about the studio or the document."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ScoringPage:
    """The case as an expert may see it, the rubric, and the marks so far. ``originals`` are (file id, neutral name)."""

    case_id: str
    place: int
    total: int
    done: int
    title: str
    category: str
    summary: str
    sources: str
    facts: tuple[Fact, ...]
    originals: tuple[tuple[str, str], ...]
    rubric: tuple[Criterion, ...]
    review: Review
    next_case_id: str | None
    previous_case_id: str | None


def expert_account(app: App, expert_id: str) -> StaffAccount:
    """The expert's own account: statement and avoidance."""
    return app.accounts.get(expert_id)


def tasks(app: App, expert_id: str) -> TaskList:
    """The expert's cases in the order of assignment."""
    reviews = list(app.reviews.rows({"expert_id": expert_id}, only=("case_id", "state", "total", "assigned_at")))
    reviews.sort(key=lambda row: (row["assigned_at"], row["_id"]))
    ids = [row["case_id"] for row in reviews]
    fields = ("title", "category", "campaign_id", "authors", "unit", "disqualified", "expert_ids")
    cases = {row["_id"]: row for row in app.cases.rows({"_id": {"$in": ids}}, only=fields)}
    found: list[Task] = []
    for row in reviews:
        case = cases.get(row["case_id"])
        if case is None or case.get("disqualified") or expert_id not in case["expert_ids"]:
            continue
        names = [case["unit"], *(n for author in case["authors"] for n in (author["name"], author["unit"]))]
        found.append(
            Task(
                case_id=row["case_id"],
                place=len(found) + 1,
                title=without_names(case["title"], names),
                category=category_name(app.campaigns.get(case["campaign_id"]), case["category"]),
                state=row["state"],
                state_word=REVIEW_STATES[row["state"]],
                total=row.get("total"),
            )
        )
    done = sum(task.state == ReviewState.SUBMITTED for task in found)
    return TaskList(tasks=tuple(found), done=done, total=len(found))


def scoring_page(app: App, expert_id: str, case_id: str) -> ScoringPage:
    """One of the expert's cases; NotThere when it is somebody else's."""
    todo = tasks(app, expert_id)
    at = next((number for number, task in enumerate(todo.tasks) if task.case_id == case_id), None)
    review = app.reviews.find(review_id(case_id, expert_id))
    if at is None or review is None:
        raise NotThere("这件案例没有分配给您，请返回任务列表。")
    case = app.cases.get(case_id)
    campaign = app.campaigns.get(case.campaign_id)
    names = names_in(case)
    category = campaign.category(case.category)
    return ScoringPage(
        case_id=case_id,
        place=at + 1,
        total=todo.total,
        done=todo.done,
        title=todo.tasks[at].title,
        category=category.name,
        summary=without_names(case.summary, names),
        sources=without_names(case.sources, names),
        facts=_facts(case),
        originals=_originals(case) if app.settings.experts_may_open_originals else (),
        rubric=tuple(category.rubric),
        review=review,
        next_case_id=todo.tasks[at + 1].case_id if at + 1 < todo.total else None,
        previous_case_id=todo.tasks[at - 1].case_id if at else None,
    )


def original_address(app: App, expert_id: str, case_id: str, file_id: str) -> str:
    """An address for reading an original under a neutral name, where the setting allows it at all."""
    page = scoring_page(app, expert_id, case_id)
    name = dict(page.originals).get(file_id)
    found = next((one for one in app.cases.get(case_id).files if one.file_id == file_id), None)
    if name is None or found is None:
        raise NotThere("没有找到这个文件，请返回任务列表。")
    ending = found.name.rpartition(".")[2].lower()
    return app.objects.reading_address(found.object_key, name=f"{name}.{ending}")


def names_in(case: Case) -> list[str]:
    """Every name and unit that experts must not see."""
    return [case.unit, *(name for author in case.authors for name in (author.name, author.unit))]


def without_names(text: str, names: list[str]) -> str:
    """The text with these names blotted out, the longest first."""
    for name in sorted({name for name in names if len(name) > 1}, key=len, reverse=True):
        text = text.replace(name, HIDDEN)
    return text


def _facts(case: Case) -> tuple[Fact, ...]:
    facts = []
    report = case.report_in_force
    if report is not None and report.words_low is not None:
        facts.append(Fact(name="案例介绍文档字数", value=f"{report.words_low}字"))
    facts.append(Fact(name="支撑材料", value=f"{sum(one.role == 'material' for one in case.files)}份"))
    if case.studio is not None:
        facts.append(Fact(name="工作室年度贡献值", value=str(case.studio.contribution)))
        facts.append(Fact(name="全年直播活动", value=f"{case.studio.live_sessions}次"))
    return tuple(facts)


def _originals(case: Case) -> tuple[tuple[str, str], ...]:
    materials = [one for one in case.files if one.role == "material"]
    named = [(one.file_id, f"支撑材料{number}") for number, one in enumerate(materials, start=1)]
    return (*((one.file_id, "案例文档") for one in case.files if one.role == "document"), *named)
