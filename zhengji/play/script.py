"""The play itself: one campaign from the first contact form to a verified certificate, act by act."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

from shared.campaign.model import Campaign
from shared.campaign.parts import Window, WindowName
from zhengji.play import contact
from zhengji.play.author import Author, confirm_as_co_author
from zhengji.play.book import Book
from zhengji.play.browser import Broken
from zhengji.play.cast import CasePlan, Cast, Person, Signing, Twist
from zhengji.play.centre import Centre
from zhengji.play.expert import Judge
from zhengji.play.province import Clerk
from zhengji.play.public import NOT_GENUINE, REVOKED, VALID, Reader, one_byte_changed, signature_holds
from zhengji.play.screen import Screen
from zhengji.play.world import World, raise_all

T = TypeVar("T")
_RUNNING_OUT = timedelta(seconds=8)
_LONGER = timedelta(seconds=45)
_LOOKED_AT = 12
WINDOW_WORDS: Mapping[str, str] = {
    "registration": "注册",
    "submission": "报送",
    "recommendation": "省级推荐",
    "review": "专家推荐",
    "publication": "结果公布",
}
IN_TURN: tuple[WindowName, ...] = ("submission", "recommendation", "review")


class Backstage(Protocol):
    """The two things that no page does."""

    def load(self, campaign: Campaign) -> None:
        """Put the campaign before the centre as a draft."""

    def first_administrator(self, *, name: str, mobile: str, email: str) -> str:
        """Make the first administrator; gives the activation code."""


@dataclass
class Play:
    """Everything of one play. ``run`` gives the acts in order; each may be given alone after those before it."""

    world: World
    cast: Cast
    campaign: Campaign
    backstage: Backstage
    screen: Screen
    book: Book = field(default_factory=Book)
    centre: Centre = field(init=False)
    deputy: Centre = field(init=False)
    clerks: list[Clerk] = field(default_factory=list)
    authors: list[Author] = field(default_factory=list)
    judges: list[Judge] = field(default_factory=list)
    certificates_checked: int = 0
    disqualified: str = ""
    outcomes: dict[str, str] = field(default_factory=dict)
    """What authors read on the page of their case, by its id."""

    def __post_init__(self) -> None:
        self.centre = Centre(self.world, self.book, self.cast.administrator)
        self.deputy = Centre(self.world, self.book, self.cast.deputy)

    def run(self) -> None:
        """All acts."""
        self.open_campaign()
        self.together(self.let_provinces_in, self.prepare_cases)
        self.sign(self.late_signers[::2])
        self.hand_in()
        self.sign(self.late_signers[1::2])
        self.read_reports()
        self.think_again()
        self.invite_experts()
        self.screen_and_recommend()
        self.check_eligibility()
        self.review()
        self.publish()
        self.tell_authors()
        self.look_up_certificates()
        self.disqualify_one()

    # Act one: the centre, the provinces

    def open_campaign(self) -> None:
        """Draft, first administrator, second factor, publication."""
        self.backstage.load(self.campaign)
        if not self.centre.staff.is_known:
            code = self.backstage.first_administrator(
                name=self.cast.administrator.name,
                mobile=self.cast.administrator.mobile,
                email=self.cast.administrator.email,
            )
            self.centre.staff.activate(code)
        self.centre.publish_campaign(self.campaign.id)
        self.world.until("the campaign on the front page", lambda: self._is_on_front_page() or None)
        self.world.until("the campaign at the centre", lambda: self.centre.runs(self.campaign) or None)
        self.centre.invite_officer(self.cast.deputy)
        self.screen.say(f"活动已发布：{self.campaign.title}")

    def _is_on_front_page(self) -> bool:
        """The countdown on the front page goes to the end of this campaign's submission, not an earlier play's."""
        closes = int(self.window("submission").closes.timestamp() * 1000)
        counted = self.world.browser().open("/").tree.xpath("//@data-countdown")
        return str(closes) in counted

    def let_provinces_in(self) -> None:
        """Contact forms by mail, approval, activation codes by mail, second factors."""
        plans = self.cast.provinces
        with self.screen.step("省级联系人发送附表2", len(plans)) as done:
            self.each(plans, lambda plan: contact.send_form(self.world, self.book, plan), done)
        with self.screen.step("中心审核联系人", len(plans)) as done:
            for plan in plans:
                self.world.until(f"{plan.name}: the form at the centre", partial(self.centre.approve_contact, plan))
                done()
        self.clerks = [Clerk(self.world, self.book, plan) for plan in plans]
        with self.screen.step("激活省级账号", len(plans)) as done:
            self.each(self.clerks, lambda clerk: clerk.staff.activate_by_mail(), done)
        self.deputy.staff.activate_by_mail()

    # Act two: authors

    def prepare_cases(self) -> None:
        """Everybody registers, writes, uploads; co-authors confirm."""
        self.authors = [self._author(plan) for plan in self.cast.cases]
        with self.screen.step("作者注册、填表、上传", len(self.authors)) as done:
            self.each(self.authors, lambda author: author.prepare(), done, within="submission")

    @property
    def late_signers(self) -> list[tuple[Author, Person]]:
        """Co-authors who confirm by their own account: half of them only after the case was handed in (I11)."""
        return [
            (author, person)
            for author in self.authors
            if author.plan.signing is Signing.ACCOUNT
            for person in author.plan.co_authors
        ]

    def sign(self, signing: Sequence[tuple[Author, Person]]) -> None:
        """Co-authors register, read and confirm."""
        with self.screen.step("合作者确认声明", len(signing)) as done:
            self.each(signing, lambda pair: self._sign(*pair), done, within="submission")

    def _author(self, plan: CasePlan) -> Author:
        return Author(self.world, self.book, plan, unit_type=self._unit_type(plan))

    def _unit_type(self, plan: CasePlan) -> str:
        category = self.campaign.category(plan.category)
        return next(kind.code for kind in self.campaign.unit_types if kind.school == category.needs_school)

    def _sign(self, author: Author, person: Person) -> None:
        confirm_as_co_author(self.world, person, author.case_id, unit_type=self._unit_type(author.plan))

    def hand_in(self) -> None:
        """The window opens, everybody submits and keeps the receipt."""
        self.wait_for("submission", opens=True)
        with self.screen.step("报送，取得回执", len(self.authors)) as done:
            self.each(self.authors, lambda author: author.submit(), done, within="submission")

    def read_reports(self) -> None:
        """Each author looks until the report is there."""
        with self.screen.step("查看检查报告", len(self.authors)) as done:
            self.each(self.authors, self._read_report, done)

    def _read_report(self, author: Author) -> None:
        said = self.world.until(f"{author.plan.key}: the report", author.report, seconds=180)
        too_long = author.plan.twist is Twist.TOO_LONG
        if too_long != (said == "检查未通过"):
            raise Broken(f"{author.plan.key} ({author.plan.twist}): the report says {said}")

    def think_again(self) -> None:
        """Some replace, some withdraw, some come back."""
        changing = [
            each for each in self.authors if each.plan.twist in (Twist.REPLACED, Twist.CAME_BACK, Twist.WITHDRAWN)
        ]
        with self.screen.step("修改、撤回、再次报送", len(changing)) as done:
            self.each(changing, self._change_mind, done, within="submission")

    def _change_mind(self, author: Author) -> None:
        if author.plan.twist is Twist.REPLACED:
            author.replace()
        else:
            author.withdraw()
            if author.plan.twist is Twist.CAME_BACK:
                author.submit()

    # Act three: provinces

    def screen_and_recommend(self) -> None:
        """Each province reads its cases, recommends or declines, orders, confirms."""
        self.wait_for("recommendation", opens=True)
        standing = self.book.standing()
        with self.screen.step("省级初筛、推荐、确认", len(self.clerks)) as done:
            self.each(self.clerks, lambda clerk: clerk.screen_all(standing), done, within="recommendation")

    # Act four: the centre and the experts

    def invite_experts(self) -> None:
        """A spreadsheet, letters, activation, the statement of avoidance."""
        self.centre.import_experts(self.cast.experts, self.campaign)
        hidden = {
            author.case_id: [text for person in author.plan.people for text in (person.name, person.unit)]
            for author in self.authors
        }
        self.judges = [Judge(self.world, person, self.campaign, hidden) for person in self.cast.experts]
        with self.screen.step("专家激活账号、签署承诺", len(self.judges)) as done:
            self.each(self.judges, Judge.enter, done)

    def check_eligibility(self) -> None:
        """After sealing: one case is refused with a reason, all others confirmed."""
        self.wait_for("recommendation", opens=False)
        sealing = timedelta(seconds=self.campaign.seal_delay_seconds)
        self.world.wait_for(self.window("recommendation").closes + sealing)
        count = sum(len(clerk.recommended) for clerk in self.clerks)
        self.world.until("the sealed shortlists", lambda: self.centre.recommended() == count or None, seconds=120)
        self.centre.check_eligibility()
        self.screen.say(f"资格审定：{count} 件省级推荐案例")

    def review(self) -> None:
        """Assignment; one expert steps back and another takes over; scores until none is open."""
        self.centre.fix_sizes()
        self.centre.assign()
        busy = self.world.until("tasks at the experts", self._somebody_with_tasks, seconds=120)
        left = busy.step_back()
        self.screen.say(f"一位专家回避 1 件案例（{left[:8]}），改由他人推荐")
        with self.screen.step("专家评分", len(self.judges)) as done:
            self.each(self.judges, Judge.score_all, done, within="review")
        self.world.until("every case scored", self._all_scored, seconds=120)
        self.screen.say(f"评分 {sum(judge.scored for judge in self.judges)} 份")

    def _somebody_with_tasks(self) -> Judge | None:
        return next((judge for judge in self.judges if judge.tasks()), None)

    def _all_scored(self) -> bool | None:
        """Whether nothing is open; what came late, after a recusal, is scored."""
        if self.centre.all_scored():
            return True
        self.each(self.judges, Judge.score_all, lambda: None)
        return None

    # Act five: the result

    def publish(self) -> None:
        """Ties by hand, then one press."""
        self.wait_for("publication", opens=True)
        self._nothing_leaks()
        self.centre.decide_and_publish()
        self.world.until("the published list", lambda: self._published_titles() or None)
        self.screen.say("名单已公布")

    def _published_titles(self) -> set[str]:
        return Reader(self.world.browser()).published_titles(self.campaign.id)

    def _nothing_leaks(self) -> None:
        """Before publication the list is empty, and no author's page holds a result, not even in its source."""
        if self._published_titles():
            raise Broken("the list is public before its publication")
        for author in self.authors[:_LOOKED_AT]:
            if told := author.outcome():
                raise Broken(f"{author.plan.key}: the author's page says {told} before publication")

    def tell_authors(self) -> None:
        """Everybody on the list reads so on the page of the case."""
        titles = self._published_titles()
        listed = [author for author in self.authors if author.plan.story.title in titles]
        with self.screen.step("作者查看结果", len(listed)) as done:
            self.each(listed, self._read_result, done)

    def _read_result(self, author: Author) -> None:
        told = self.world.until(f"{author.plan.key}: the result", author.outcome, seconds=120)
        if told not in ("典型案例", "展示案例"):
            raise Broken(f"{author.plan.key} is on the list, and its author reads {told}")
        self.outcomes[author.case_id] = told

    def look_up_certificates(self) -> None:
        """Authors query, download and verify; a stranger checks the signature without us."""
        published = self.published_cases()
        with self.screen.step("查询、下载、核验证书", len(published)) as done:
            self.each(published, self._look_up, done)

    def published_cases(self) -> list[CasePlan]:
        """The plans whose titles are on the public list."""
        titles = self._published_titles()
        return [each.plan for each in self.authors if each.plan.story.title in titles]

    def _look_up(self, plan: CasePlan) -> None:
        reader = Reader(self.world.browser())
        self.world.until(f"{plan.key}: the letter", lambda: self._certificate_letter(plan) or None, seconds=180)
        found = [each for each in reader.query(plan.author.name, plan.author.mobile) if each.download]
        if not found:
            raise Broken(f"{plan.key}: no certificate for {plan.author.email}, who has the letter")
        pdf = reader.browser.fetch(found[0].download)
        if VALID not in reader.verify_number(found[0].number) or VALID not in reader.verify_file(pdf):
            raise Broken(f"{found[0].number} is not verified by the platform")
        if not signature_holds(pdf, reader.authority()):
            raise Broken(f"{found[0].number} is not accepted by pyHanko")
        if NOT_GENUINE not in reader.verify_file(one_byte_changed(pdf)):
            raise Broken(f"{found[0].number} with a changed byte is accepted")
        self.certificates_checked += 1

    def _certificate_letter(self, plan: CasePlan) -> bool:
        """People do not ask again and again: they wait for the letter that says it is there."""
        return any("证书" in letter.subject for letter in self.world.post.letters(plan.author.email))

    def disqualify_one(self) -> None:
        """Proposed by one, confirmed by another; the certificate then says so."""
        plan = self.published_cases()[0]
        reader = Reader(self.world.browser())
        number = reader.query(plan.author.name, plan.author.mobile)[0].number
        case_id = next(each.case_id for each in self.authors if each.plan is plan)
        self.centre.propose_disqualification(case_id)
        self.deputy.confirm_disqualification()
        self.world.until(f"{number} revoked", lambda: REVOKED in reader.verify_number(number) or None, seconds=120)
        self.world.until("the public list without it", lambda: plan.story.title not in self._published_titles() or None)
        self.disqualified = case_id
        self.screen.say(f"取消资格：{plan.story.title}；证书 {number} 已撤销")

    # How everybody works

    def together(self, *acts: Callable[[], None]) -> None:
        """Acts that do not wait for each other, side by side where people can act at the same time."""
        if self.world.threads == 1:
            for act in acts:
                act()
            return
        with ThreadPoolExecutor(len(acts)) as pool:
            for going in [pool.submit(act) for act in acts]:
                going.result()

    def have_a_try(self, act: Callable[[], object]) -> None:
        """One person does what they came for."""
        act()

    def each(
        self,
        items: Iterable[T],
        act: Callable[[T], object],
        done: Callable[[], None],
        *,
        within: WindowName | None = None,
    ) -> None:
        """Let everybody act, several at a time; ``within`` a window, which the centre extends when it runs out."""
        queue = list(items)
        failed: list[Exception] = []

        def one(item: T) -> None:
            if within:
                self._see_to(within)
            try:
                self.have_a_try(partial(act, item))
            except Exception as error:  # told all together, once everybody has had a try
                failed.append(error)
            done()

        if self.world.threads == 1:
            for item in queue:
                one(item)
        else:
            with ThreadPoolExecutor(self.world.threads) as pool:
                list(pool.map(one, queue))
        raise_all(failed)

    def wait_for(self, window: WindowName, *, opens: bool) -> None:
        """Until a window opens, or closes, by the campaign as it is now."""
        chosen = self.window(window)
        at = chosen.opens if opens else chosen.closes
        left = (at - self.world.now()).total_seconds()
        if left > 1:
            self.screen.say(f"等待{WINDOW_WORDS[window]}{'开始' if opens else '截止'}（{left:.0f} 秒）")
        self.world.wait_for(at + timedelta(milliseconds=50))

    def window(self, name: WindowName) -> Window:
        """A window as it stands."""
        found: Window = getattr(self.campaign.windows, name)
        return found

    def _see_to(self, name: WindowName) -> None:
        """Where time runs out, the centre extends the window and those after it, as it does in life."""
        with self.centre.lock:
            if self.window(name).closes - self.world.now() > _RUNNING_OUT:
                return
            longer = self.world.now() + _LONGER - self.window(name).closes
            for later in IN_TURN[IN_TURN.index(name) :]:
                self.campaign = self.centre.extend(self.campaign, later, to=self.window(later).closes + longer)
            self.screen.say(f"中心延长{WINDOW_WORDS[name]}及其后各环节：{longer.total_seconds():.0f} 秒")
