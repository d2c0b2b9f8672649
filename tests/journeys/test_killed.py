"""Every process is killed in turn while a small campaign is played: nothing is lost, nothing has its effect twice."""

from __future__ import annotations

import itertools
import smtplib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.campaign.pacing import PacedWindow
from shared.clock import system_clock
from shared.events.intake import CaseSubmittedInFull
from tests.journeys.faulty import CAMPAIGN, Crowd, FaultyStack, wait
from tests.journeys.patient import PatientPlay, with_ample_time
from zhengji.campaigns import renamed
from zhengji.play.accounting import take_account
from zhengji.play.browser import Browser
from zhengji.play.cast import Signing, make_cast
from zhengji.play.screen import Screen
from zhengji.play.world import RealWorld
from zhengji.plays import RealBackstage

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
PROVINCES, CASES, EXPERTS = 2, 12, 5
BEFORE_RECOMMENDATION, RECOMMENDATION = 75.0, 35.0
PATIENCE = 120.0
SPENT = ("/staff/activate", "/staff/second-factor", "/staff/login")
"""What works once: whoever loses this answer reads that the code is used, and logs in."""


class ForgetfulWorld(RealWorld):
    """The platform behind a bad line: every third answer to a form is lost after the form had its effect.

    The browser then sends the form again, as a person presses the button again.
    """

    def __init__(self, stack: FaultyStack) -> None:
        near = stack.world
        url = stack.settings["ZHENGJI_PUBLIC_URL"]
        super().__init__(url=url, post=near.post, mailbox=near.mailbox, threads=near.threads, patience=PATIENCE)
        self.lost: list[str] = []
        self._posts = itertools.count()

    def browser(self) -> Browser:
        """A browser on the bad line."""
        browser = super().browser()
        known = httpx.Cookies()

        def remember(request: httpx.Request) -> None:
            nonlocal known
            known = httpx.Cookies(browser.client.cookies)

        def lose(response: httpx.Response) -> None:
            path = response.request.url.path
            if response.request.method != "POST" or response.status_code >= 400 or path.startswith(SPENT):
                return
            if next(self._posts) % 3 == 0:
                browser.client.cookies = known
                self.lost.append(path)
                raise httpx.ReadError("the answer was lost")

        browser.client.event_hooks = {"request": [remember], "response": [lose]}
        return browser


class KilledPlay(PatientPlay):
    """The play, with the programs an act needs killed in the middle of it."""

    world: ForgetfulWorld
    stack: FaultyStack
    killed: list[str]

    def run(self) -> None:
        """All acts, each with its victims."""
        with self.killing("review-worker", "review-web"):
            self.open_campaign()
        with self.killing("notify-mailbox", "intake-web", "validation-checker"):
            self.together(self.let_provinces_in, self.prepare_cases)
        self.sign(self.late_signers)
        self.hand_in()
        with self.crowd().coming(pause=2):
            self.kill("intake-worker", "validation-worker", "validation-web", "intake-web")
            self.kill("notify-worker", "notify-sender", "notify-web")
        self.read_reports()
        self.think_again()
        self.invite_experts()
        with self.killing("review-web"):
            self.screen_and_recommend()
        with self.killing("review-worker"):
            self.check_eligibility()
        with self.killing("review-web"):
            self.review()
        with self.killing("certificate-maker", "certificate-worker", "certificate-web"):
            self.publish()
            self.look_up_certificates()
        self.disqualify_one()

    def crowd(self) -> Crowd:
        """Authors who change what they handed in; co-authors who sign by account would have to sign again."""
        free = [each for each in self.authors if not each.plan.co_authors or each.plan.signing is not Signing.ACCOUNT]
        return Crowd(free, self.book)

    @contextmanager
    def killing(self, *names: str) -> Iterator[None]:
        """Inside the block these are killed, one after the other; at its end all are back."""
        with ThreadPoolExecutor(1) as pool:
            killer = pool.submit(self.kill, *names)
            yield
        killer.result()

    def kill(self, *names: str) -> None:
        """Kill each in the middle of something, as far as that can be met; then see it back."""
        for name in names:
            deadline = time.monotonic() + (90 if name == "certificate-maker" else 10)  # it works once in a year
            while not _is_at_work(self.stack, name) and time.monotonic() < deadline:
                time.sleep(0.005)
            pid = self.stack.kill(name)
            self.killed.append(name)
            wait(f"{name} started again", lambda: self.stack.runs_anew(name, since=pid), seconds=90)  # noqa: B023


def _is_at_work(stack: FaultyStack, name: str) -> bool:
    service, _, role = name.partition("-")
    database = stack.truth.databases[service]
    if role == "worker":
        untold = {"outbox.0": {"$exists": True}}
        return any(database[each].find_one(untold, {"_id": 1}) for each in database.list_collection_names())
    if role == "sender":
        return database["letters"].find_one({"state": "sending"}, {"_id": 1}) is not None
    if role == "mailbox":
        return database["mails"].find_one({}, {"_id": 1}) is not None
    if role in ("checker", "maker"):
        jobs = database["jobs_checks" if role == "checker" else "jobs_certificates"]
        return jobs.find_one({"state": "running"}, {"_id": 1}) is not None
    return True


def _campaign() -> Campaign:
    pace: dict[PacedWindow, float] = {
        "contact_forms": 1,
        "submission": BEFORE_RECOMMENDATION,
        "recommendation": RECOMMENDATION,
        "review": 1,
    }
    renamed_file = renamed(load_campaign(CAMPAIGN), f"2024-killed-{time.time_ns():x}")
    return with_ample_time(renamed_file, system_clock(), pace)


@pytest.fixture(scope="module")
def played(faulty: FaultyStack) -> Iterator[KilledPlay]:
    """The whole campaign, every program killed at least once; then quiet."""
    campaign = _campaign()
    cast = make_cast(campaign, run=str(int(time.time())), provinces=PROVINCES, cases=CASES, experts=EXPERTS)
    world = ForgetfulWorld(faulty)
    with faulty.alone(), closing(world):
        backstage = RealBackstage(faulty.places.var)
        play = KilledPlay(world=world, cast=cast, campaign=campaign, backstage=backstage, screen=Screen())
        play.stack, play.killed = faulty, []
        play.run()
        wait("rest after the play", faulty.rests, seconds=180)
        yield play


def _rows(play: KilledPlay, service: str, collection: str) -> list[dict[str, Any]]:
    """The campaign's rows in a collection."""
    return list(play.stack.truth.databases[service][collection].find({"campaign_id": play.campaign.id}))


def test_every_program_was_killed(played: KilledPlay) -> None:
    """With kill -9, and came back by itself."""
    assert set(played.killed) == {program.name for program in played.stack.own}


def test_every_receipt_is_accounted_for_and_nothing_is_there_twice(played: KilledPlay) -> None:
    """Case, version, files by hash, event, report, letter (or one Message-ID that owns up to it), certificates."""
    secrets = played.cast.secrets
    account = take_account(played.book, played.stack.truth, campaign_id=played.campaign.id, secrets=secrets)
    assert (account.lost, account.double, account.wrong) == ([], [], [])
    receipts = played.book.receipts
    assert account.receipts == len(receipts) > CASES
    assert len({(each.case_id, each.version) for each in receipts}) == len(receipts)
    assert played.certificates_checked > 0
    assert account.certificates["revoked"] > 0


def test_a_form_that_was_sent_again_has_one_effect(played: KilledPlay) -> None:
    """One account for each person, one case for each form, versions without gaps."""
    assert any(path.endswith("/check") for path in played.world.lost), "no receipt was lost on its way"
    mobiles = [each.plan.author.mobile for each in played.authors]
    accounts = played.stack.truth.databases["intake"]["accounts"]
    assert accounts.count_documents({"mobile": {"$in": mobiles}}) == CASES
    cases = _rows(played, "intake", "cases")
    assert sorted(case["_id"] for case in cases) == sorted(author.case_id for author in played.authors)
    newest = Counter(each.case_id for each in played.book.receipts)
    for case in cases:
        assert [each["version"] for each in case["versions"]] == list(range(1, newest[case["_id"]] + 1))


def test_submissions_are_told_once_for_each_version(played: KilledPlay) -> None:
    """On the topic itself: a record that came twice is the same event, and each version has one event."""
    versions: dict[tuple[str, int], set[str]] = {}
    for each in played.stack.records(CaseSubmittedInFull):
        if each["data"]["campaign_id"] == played.campaign.id:
            place = (each["data"]["case_id"], each["data"]["case_version"])
            versions.setdefault(place, set()).add(each["id"])
    assert set(versions) == {(each.case_id, each.version) for each in played.book.receipts}
    assert {len(ids) for ids in versions.values()} == {1}


def test_each_mail_is_taken_and_answered_once(played: KilledPlay) -> None:
    """As many mails and contact forms as were sent, and no answer twice."""
    twice = {each["message_id"] for each in _rows(played, "notify", "letters") if each["possibly_twice"]}
    for plan in played.cast.provinces:
        sent = 2 if plan.form == "incomplete" else 1
        mails = [each for each in _rows(played, "notify", "mails") if each["sender"] == plan.contact.email]
        forms = [each for each in _rows(played, "review", "contacts") if each["sender"] == plan.contact.email]
        assert (len(mails), len(forms)) == (sent, sent)
        seen = Counter(each.message_id for each in played.world.post.letters(plan.contact.email))
        assert {message_id for message_id, count in seen.items() if count > 1} <= twice


def test_marks_are_given_once(played: KilledPlay) -> None:
    """One review for each case and expert, and as many as the experts sent."""
    reviews = [each for each in _rows(played, "review", "reviews") if each["state"] == "submitted"]
    assert max(Counter((each["case_id"], each["expert_id"]) for each in reviews).values()) == 1
    assert len(reviews) == sum(judge.scored for judge in played.judges) > 0


def test_a_case_that_is_gone_would_be_missed(played: KilledPlay) -> None:
    """The accounting is no rubber stamp: without one case in MongoDB it says that one is lost."""
    cases = played.stack.truth.databases["intake"]["cases"]
    receipt = played.book.receipts[0]
    case = cases.find_one_and_delete({"_id": receipt.case_id})
    assert case is not None
    try:
        account = take_account(played.book, played.stack.truth, campaign_id=played.campaign.id)
    finally:
        cases.insert_one(case)
    assert any(receipt.number in each for each in account.lost)


def test_a_letter_that_came_twice_would_be_seen(played: KilledPlay) -> None:
    """A second copy with the same Message-ID counts as double unless the letter owns up to it."""
    receipt, post = played.book.receipts[-1], played.world.post
    letter = next(each for each in post.letters(receipt.email) if receipt.number in each.subject)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = letter.sender, receipt.email, letter.subject
    mail["Message-ID"] = letter.message_id
    mail.set_content(letter.text)
    letters = played.stack.truth.databases["notify"]["letters"]
    letters.update_one({"message_id": letter.message_id}, {"$set": {"possibly_twice": False}})
    with smtplib.SMTP(post.smtp_host, post.smtp_port, timeout=20) as server:
        server.send_message(mail)
    account = take_account(played.book, played.stack.truth, campaign_id=played.campaign.id)
    assert any(letter.message_id in each for each in account.double)
