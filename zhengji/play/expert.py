"""An expert: activates, promises confidentiality, scores case after case, steps back from one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

from shared.campaign.model import Campaign
from shared.campaign.parts import Criterion
from zhengji.play.browser import Broken, Form, Page
from zhengji.play.cast import Person
from zhengji.play.staff import StaffMember
from zhengji.play.world import World

_WAITS = "待评分"
_CASE = re.compile(r"/expert/cases/([0-9a-f-]{36})$")


class Judge:
    """One expert. ``hidden`` are the names and units of each case's authors, which no page of theirs may show."""

    def __init__(self, world: World, person: Person, campaign: Campaign, hidden: Mapping[str, Sequence[str]]) -> None:
        self.staff = StaffMember(world, person)
        self._campaign = campaign
        self._hidden = hidden
        self._chance = Random(person.mobile)  # noqa: S311  # a play
        self.scored = 0

    def enter(self) -> None:
        """Code by mail, password, the statement of confidentiality and avoidance."""
        self.staff.activate_by_mail()
        form = self.staff.open("/expert/statement").form(field="accepted")
        self.staff.accepted(self.staff.browser.submit(form, {"accepted": True}))

    def tasks(self) -> list[str]:
        """The cases on the list that wait for marks."""
        page = self.staff.open("/expert")
        waiting = [item for item in page.tree.xpath("//main//li") if _WAITS in str(item.text_content())]
        addresses = [str(to) for item in waiting for to in item.xpath(".//a/@href")]
        return list(dict.fromkeys(found[1] for to in addresses if (found := _CASE.search(to))))

    def score_all(self) -> int:
        """Score every open case; gives how many there were."""
        return sum(self._score(case_id) for case_id in self.tasks())

    def _score(self, case_id: str) -> bool:
        page = self.staff.open(f"/expert/cases/{case_id}")
        self._look_for_names(case_id, page)
        form = next((each for each in page.forms if each.has("comment")), None)
        if form is None:
            return False  # scored before
        marks = {one.code: f"{self._mark(one):g}" for one in self._rubric(form)}
        self.staff.accepted(self.staff.browser.submit(form, {**marks, "comment": "内容扎实，可推广。"}, button="提交"))
        self.scored += 1
        return True

    def step_back(self) -> str:
        """Recuse from the first case; gives its id, or nothing where there is none."""
        for case_id in self.tasks():
            page = self.staff.open(f"/expert/cases/{case_id}/recuse")
            self.staff.accepted(self.staff.browser.submit(page.form(field="reason"), {"reason": "曾指导过该案例。"}))
            return case_id
        return ""

    def _look_for_names(self, case_id: str, page: Page) -> None:
        seen = [name for name in self._hidden.get(case_id, ()) if name in page.text]
        if seen:
            raise Broken(f"an expert sees {len(seen)} hidden names of case {case_id}")

    def _rubric(self, form: Form) -> Sequence[Criterion]:
        for category in self._campaign.categories:
            if all(form.has(one.code) for one in category.rubric):
                return category.rubric
        raise Broken(f"no rubric fits the form: {form.names}")

    def _mark(self, criterion: Criterion) -> float:
        return round(criterion.weight * self._chance.uniform(0.6, 0.98) * 2) / 2
