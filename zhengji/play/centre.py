"""Somebody at the centre: publishes, approves, checks, assigns, decides, and takes a case out."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Sequence
from datetime import datetime

from openpyxl import Workbook

from shared.campaign.model import Campaign
from shared.campaign.parts import WindowName
from shared.campaign.spans import day
from shared.clock import SHANGHAI
from zhengji.play.book import Book
from zhengji.play.browser import Broken, File, Page
from zhengji.play.cast import Person, ProvincePlan
from zhengji.play.staff import StaffMember
from zhengji.play.world import World

_COLUMNS = ("姓名", "手机", "电子邮箱", "省份", "工作单位", "擅长类别", "回避单位")
_ID = r"([0-9a-f-]{36})"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TOTAL = re.compile(r"共\s*(\d+)\s*件")


class Centre:
    """One officer or administrator at the browser."""

    def __init__(self, world: World, book: Book, person: Person) -> None:
        self._world = world
        self._book = book
        self.staff = StaffMember(world, person)
        self.lock = threading.RLock()

    # The campaign

    def publish_campaign(self, campaign_id: str) -> None:
        """Look at the draft, publish it."""
        page = self.staff.open(f"/centre/campaign/{campaign_id}/publish")
        self._post(page, button="发布")

    def runs(self, campaign: Campaign) -> bool:
        """Whether the centre's own pages work with this campaign by now."""
        page = self.staff.browser.open("/centre/campaign/extend")
        last = campaign.windows.recommendation.last_second.astimezone(SHANGHAI)
        shown = f"{day(last)}（星期.）{last:%H:%M:%S}"
        return page.status == 200 and re.search(shown, page.text) is not None

    def extend(self, campaign: Campaign, window: WindowName, *, to: datetime) -> Campaign:
        """Let a window close later; gives the campaign as it is then."""
        closes = to.astimezone(SHANGHAI).replace(microsecond=0)
        page = self.staff.open("/centre/campaign/extend")
        values = {
            "window": window,
            "closes": closes.strftime("%Y-%m-%dT%H:%M:%S"),
            "reason": "报送集中，网络繁忙，延长时间以便完成。",
        }
        self.staff.accepted(self.staff.browser.submit(page.form(field="window"), values))
        longer = getattr(campaign.windows, window).model_copy(update={"closes": closes})
        return campaign.model_copy(update={"windows": campaign.windows.model_copy(update={window: longer})})

    def invite_officer(self, person: Person) -> None:
        """A colleague gets a code by mail."""
        page = self.staff.open("/centre/accounts/new")
        values = {"role": "officer", "name": person.name, "mobile": person.mobile, "email": person.email}
        self.staff.accepted(self.staff.browser.submit(page.form(field="mobile"), values))

    # Contacts

    def approve_contact(self, plan: ProvincePlan) -> bool:
        """Approve a province's form; an incomplete one before it is sent back. False while it has not come."""
        for address in self._contacts():
            page = self.staff.open(address)
            form = page.form(field="mobile")
            filled = dict(form.values())
            if filled.get("email") != plan.contact.email:
                continue
            if filled.get("mobile") != plan.contact.mobile:
                self._refuse_contact(address)
                continue
            if filled.get("province") != plan.code:
                raise Broken(f"{plan.name}: the form was taken for {filled.get('province')}")
            self._post(page, field="mobile", button="通过")
            return True
        return False

    def _contacts(self) -> list[str]:
        found: dict[str, None] = {}
        pattern = re.compile(rf"/centre/contacts/{_ID}$")

        def keep(page: Page) -> None:
            found.update(dict.fromkeys(to for _, to in page.links if pattern.search(to)))

        self.staff.walk("/centre/contacts", keep)
        return list(found)

    def _refuse_contact(self, address: str) -> None:
        page = self.staff.open(f"{address}/refuse")
        form = page.form(field="reason")
        self.staff.accepted(self.staff.browser.submit(form, {"reason": "缺少手机号，已收到补报的完整表格。"}))

    # Eligibility

    def recommended(self) -> int:
        """How many cases wait for the check."""
        page = self.staff.open("/centre/eligibility?stage=recommended")
        found = _TOTAL.search(page.text)
        return int(found[1]) if found else 0

    def check_eligibility(self) -> str:
        """Refuse one case with a reason, confirm all others together; gives the refused one's id."""
        page = self.staff.open("/centre/eligibility?stage=recommended")
        found = re.search(rf"/centre/eligibility/{_ID}", " ".join(to for _, to in page.links))
        if found is None:
            raise Broken("nothing waits for the eligibility check")
        refused = ""
        if self.recommended() > 5:  # a small play keeps all it has
            refused = found[1]
            form = self.staff.open(f"/centre/eligibility/{refused}").form(field="decision")
            values = {"decision": "no", "reason": "案例引用的研修数据与平台记录不符，且未注明出处。"}
            self.staff.accepted(self.staff.browser.submit(form, values))
        page = self.staff.open("/centre/eligibility/confirm?stage=recommended&all=y")
        self._post(page, field="expected")
        self._world.until("the eligibility of all", lambda: self.recommended() == 0 or None, seconds=120)
        return refused

    # Experts

    def import_experts(self, people: Sequence[Person], campaign: Campaign) -> None:
        """A spreadsheet with one bad line: it is named, the others are invited."""
        form = self.staff.open("/centre/experts/import").form(field="file")
        file = File("专家表.xlsx", _spreadsheet(people, campaign), _XLSX)
        page = self.staff.accepted(self.staff.browser.submit(form, files={"file": file}))
        if "应为11位数字" not in page.text:
            raise Broken("the bad line of the spreadsheet is not named")
        self._book.keep_refusal("expert with a bad mobile", "手机号应为11位数字")
        self._post(page, field="rows")

    def assign(self) -> None:
        """Plan a round, look at it, send it out."""
        form = self.staff.open("/centre/assignment").form(field="experts_per_case")
        page = self.staff.accepted(self.staff.browser.submit(form))
        address = page.url

        def planned() -> Page | None:
            page = self.staff.open(address)
            return page if any(form.action.endswith("/publish") for form in page.forms) else None

        page = self._world.until("the planned round", planned, seconds=120)
        self._post(page, to="/publish")

    # The decision

    def fix_sizes(self) -> None:
        """The suggested sizes, but at least one of each."""
        form = self.staff.open("/centre/decision/sizes").form(field="region_exemplary")
        values = {
            name: str(max(1, int(value or 0)))
            for name, value in form.values()
            if name.endswith(("_exemplary", "_showcase"))
        }
        self.staff.accepted(self.staff.browser.submit(form, values))

    def all_scored(self) -> bool:
        """Whether the decision page waits for no more marks."""
        page = self.staff.open("/centre/decision/publish")
        return not re.search(r"还有\s*\d+\s*件案例的专家评分未完成", page.text)

    def decide_and_publish(self) -> None:
        """Ties at a cut by hand, with a reason; then the last look and the button."""
        page = self.staff.open("/centre/decision")
        for case_id in _tied(page):
            form = self.staff.open(f"/centre/decision/cases/{case_id}").form(field="outcome")
            self.staff.accepted(
                self.staff.browser.submit(form, {"outcome": "showcase", "reason": "并列，经会议讨论确定。"})
            )
        self._post(self.staff.open("/centre/decision/publish"), button="公布")

    # Disqualification

    def propose_disqualification(self, case_id: str) -> None:
        """With a reason of the notice, facts and evidence."""
        form = self.staff.open(f"/centre/cases/{case_id}/disqualification").form(field="statement")
        values = {
            "reason": "fraud",
            "statement": "案例中的研修数据系编造，与平台后台记录严重不符。",
            "evidence": "平台后台导出的学时记录，经两名工作人员核对。",
        }
        self.staff.accepted(self.staff.browser.submit(form, values))

    def confirm_disqualification(self) -> None:
        """Another person looks at the proposal that waits and confirms it."""
        page = self.staff.open("/centre/disqualifications")
        found = [to for _, to in page.links if re.search(rf"/centre/disqualifications/{_ID}$", to)]
        if not found:
            raise Broken("no proposal to disqualify is waiting")
        self._post(self.staff.open(found[0]), to="/confirm")

    def _post(self, page: Page, *, field: str = "", button: str = "", to: str = "") -> Page:
        form = page.form(field=field, button=button, to=to)
        return self.staff.accepted(self.staff.browser.submit(form, button=button or None))


def _tied(page: Page) -> list[str]:
    """The cases whose rows say that they are tied at a cut and not yet decided."""
    found = []
    for row in page.tree.xpath("//tbody/tr"):
        if "并列" in str(row.text_content()):
            links = re.findall(rf"/centre/decision/cases/{_ID}", " ".join(row.xpath(".//a/@href")))
            found += links[:1]
    return found


def _spreadsheet(people: Sequence[Person], campaign: Campaign) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.append(_COLUMNS)
    for at, person in enumerate(people):
        category = campaign.categories[at % len(campaign.categories)].name if at % 2 else ""
        sheet.append((person.name, person.mobile, person.email, person.province_name, person.unit, category, ""))
    sheet.append(("错号", "1380000123", "wrong@example.com", "江苏省", "某大学", "", ""))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
