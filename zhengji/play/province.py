"""A provincial contact: reads the province's cases, recommends, declines, orders, confirms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from zhengji.play.book import Book, Receipt
from zhengji.play.browser import Broken, Page
from zhengji.play.cast import ProvincePlan
from zhengji.play.staff import StaffMember
from zhengji.play.world import World

_CASE = re.compile(r"/province/cases/([0-9a-f-]{36})(?:[?#]|$)")
_DECLINED_OF = 5
"""One case in so many is not recommended."""
_BY_HAND = 4
"""So many are marked one by one; the others are recommended together."""


class Clerk:
    """One province's account at its browser."""

    def __init__(self, world: World, book: Book, plan: ProvincePlan) -> None:
        self._book = book
        self.plan = plan
        self.staff = StaffMember(world, plan.contact)
        self.recommended: tuple[str, ...] = ()

    def screen_all(self, standing: Mapping[str, Receipt]) -> None:
        """Screen every case of the province; ``standing`` are the receipts that count, of all provinces."""
        mine = {case_id for case_id, receipt in standing.items() if receipt.province == self.plan.code}
        seen = self._listed_cases()
        foreign = [case_id for case_id in seen if case_id in standing and case_id not in mine]
        missing = mine - set(seen)
        if foreign or missing:
            raise Broken(f"{self.plan.name} sees {len(foreign)} foreign cases and misses {len(missing)} of its own")
        chosen = [case_id for case_id in seen if case_id in mine]
        declined = chosen[_DECLINED_OF - 1 :: _DECLINED_OF]
        wanted = [case_id for case_id in chosen if case_id not in declined]
        for case_id in declined:
            self._mark(case_id, "declined", "案例的实践过程交代不够具体，建议明年完善后再报。")
        for case_id in wanted[:_BY_HAND]:
            self._recommend(case_id)
        self._recommend_together(wanted[_BY_HAND:])
        self._order_and_confirm()

    def _listed_cases(self) -> list[str]:
        found: dict[str, None] = {}
        self.staff.walk("/province/cases", lambda page: found.update(dict.fromkeys(_cases_on(page))))
        return list(found)

    def _recommend(self, case_id: str) -> str:
        """Recommend one; what the rules ask for is read and, where it can be, given. Gives why it could not be."""
        page = self._marked(case_id, "recommended", "")
        if page.errors and "理由" in page.errors[0]:
            self._book.keep_refusal("recommend a failed case without a reason", page.errors[0])
            page = self._marked(case_id, "recommended", "超出的字数不多，内容扎实，建议推荐。")
        if page.errors:
            if "签名" not in page.errors[0]:
                raise Broken(f"{self.plan.name}: {page.errors}")
            self._book.keep_refusal("recommend an unsigned case", page.errors[0])
            return page.errors[0]
        return ""

    def _mark(self, case_id: str, mark: str, reason: str) -> None:
        self.staff.accepted(self._marked(case_id, mark, reason))

    def _marked(self, case_id: str, mark: str, reason: str) -> Page:
        form = self.staff.open(f"/province/cases/{case_id}").form(field="mark")
        return self.staff.browser.submit(form, {"mark": mark, "reason": reason})

    def _recommend_together(self, case_ids: list[str]) -> None:
        """Tick them in the list, look at what it does, confirm; those that may not be are said there."""
        if not case_ids:
            return
        page = self.staff.open(f"/province/recommend?{urlencode([('case', each) for each in case_ids])}")
        if "签名" in page.text:
            self._book.keep_refusal("recommend an unsigned case", "批量推荐")
        form = page.form(field="reason", to="/province/recommend")
        if form.has("case"):
            self.staff.accepted(self.staff.browser.submit(form, {"reason": "经专家组集体讨论，同意推荐。"}))

    def _order_and_confirm(self) -> None:
        page = self.staff.open("/province/shortlist")
        self.recommended = tuple(dict.fromkeys(_cases_on(page)))
        if not self.recommended:
            self._declare_none()
            return
        if len(self.recommended) > 1:
            self._first_becomes_second(page)
        confirm = self.staff.open("/province/shortlist/confirm")
        page = self.staff.accepted(self.staff.browser.submit(confirm.form(button="确认提交")))
        if f"共{len(self.recommended)}件" not in page.text:
            raise Broken(f"{self.plan.name}: not confirmed: {page.text[:300]}")
        if not self.staff.browser.fetch("/province/shortlist.xlsx").startswith(b"PK"):
            raise Broken(f"{self.plan.name}: the shortlist is no spreadsheet")

    def _declare_none(self) -> None:
        form = self.staff.open("/province/shortlist/none").form(field="sure")
        self.staff.accepted(self.staff.browser.submit(form, {"sure": True}))

    def _first_becomes_second(self, page: Page) -> None:
        page = self.staff.accepted(self.staff.browser.submit(page.form(button="下移"), button="下移"))
        first, second, *_ = dict.fromkeys(_cases_on(page))
        if (second, first) != self.recommended[:2]:
            raise Broken(f"{self.plan.name}: the order did not change")
        self.recommended = (first, second, *self.recommended[2:])


def _cases_on(page: Page) -> list[str]:
    return [found[1] for _, address in page.links if (found := _CASE.search(address))]
