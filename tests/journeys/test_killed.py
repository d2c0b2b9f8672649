"""Every process is killed in turn while authors hand in: no receipt is lost, nothing has its effect twice."""

from __future__ import annotations

import smtplib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from typing import Any

import pytest

from shared.campaign.model import Campaign
from shared.events.intake import CaseSubmittedInFull
from tests.journeys.faulty import Crowd, FaultyStack, publish_campaign, wait
from zhengji.play import contact
from zhengji.play.accounting import take_account

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
AUTHORS = 12


@dataclass(frozen=True)
class Played:
    """What is left when the play is over and everything rests."""

    stack: FaultyStack
    campaign: Campaign
    crowd: Crowd

    def rows(self, service: str, collection: str) -> list[dict[str, Any]]:
        """The campaign's rows in a collection."""
        found = self.stack.truth.databases[service][collection].find({"campaign_id": self.campaign.id})
        return list(found)


@pytest.fixture(scope="module")
def played(faulty: FaultyStack) -> Iterator[Played]:
    """Authors hand in again and again until every program was killed once and is back; then quiet."""
    campaign = publish_campaign(faulty)
    crowd = Crowd(faulty, campaign, count=AUTHORS)
    with crowd.coming(pause=1):
        for program in faulty.own:
            if program.name == "notify-mailbox":
                _kill_while_mail_comes(faulty, crowd)
            else:
                _kill_at_work(faulty, program.name)
    wait("the first visit of everybody", lambda: _all_were_here(crowd), seconds=120)
    wait("rest after the killing", faulty.rests, seconds=180)
    yield Played(faulty, campaign, crowd)


def _all_were_here(crowd: Crowd) -> bool:
    return len({each.case_id for each in crowd.book.receipts}) == AUTHORS


def _kill_at_work(stack: FaultyStack, name: str) -> None:
    """Kill it in the middle of something, as far as that can be met; then see it back."""
    wait(f"{name} before its end", lambda: stack.is_ready(name), seconds=90)
    deadline = time.monotonic() + 3
    while not _is_at_work(stack, name) and time.monotonic() < deadline:
        time.sleep(0.005)
    _kill(stack, name)


def _kill(stack: FaultyStack, name: str) -> None:
    pid = stack.kill(name)
    wait(f"{name} started again", lambda: stack.runs_anew(name, since=pid), seconds=90)


def _is_at_work(stack: FaultyStack, name: str) -> bool:
    service, _, role = name.partition("-")
    database = stack.truth.databases[service]
    if role == "worker":
        untold = {"outbox.0": {"$exists": True}}
        return any(database[each].find_one(untold, {"_id": 1}) for each in database.list_collection_names())
    if role == "sender":
        return database["letters"].find_one({"state": "sending"}, {"_id": 1}) is not None
    if role in ("checker", "maker"):
        jobs = database["jobs_checks" if role == "checker" else "jobs_certificates"]
        return jobs.find_one({"state": "running"}, {"_id": 1}) is not None
    return True


def _kill_while_mail_comes(stack: FaultyStack, crowd: Crowd) -> None:
    """Provinces send their contact forms while the program that reads the mailbox is killed."""
    plans = crowd.cast.provinces
    with ThreadPoolExecutor(len(plans)) as pool:
        sent = [pool.submit(contact.send_form, stack.world, crowd.book, plan) for plan in plans]
        mails = stack.truth.databases["notify"]["mails"]
        wait("the first mail", lambda: mails.find_one({}, {"_id": 1}), seconds=60, every=0.01)
        _kill(stack, "notify-mailbox")
        for each in sent:
            each.result()
    for plan in plans:
        wait(f"the answer to {plan.name}", partial(contact.received, stack.world, plan), seconds=60)


def test_every_receipt_is_accounted_for_and_nothing_is_there_twice(played: Played) -> None:
    """Case, version, files by hash, one event, one report, one letter (or one Message-ID that owns up to it)."""
    book = played.crowd.book
    account = take_account(book, played.stack.truth, campaign_id=played.campaign.id)
    assert (account.lost, account.double, account.wrong) == ([], [], [])
    assert account.receipts == len(book.receipts) >= AUTHORS
    assert len({(each.case_id, each.version) for each in book.receipts}) == len(book.receipts)


def test_a_form_that_was_sent_again_has_one_effect(played: Played) -> None:
    """One account for each person, one case for each form, versions without gaps, files without copies."""
    mobiles = [each.plan.author.mobile for each in played.crowd.authors]
    accounts = played.stack.truth.databases["intake"]["accounts"]
    assert accounts.count_documents({"mobile": {"$in": mobiles}}) == AUTHORS
    cases = played.rows("intake", "cases")
    assert {case["_id"] for case in cases} == {author.case_id for author in played.crowd.authors}
    assert len(cases) == AUTHORS
    newest = Counter(each.case_id for each in played.crowd.book.receipts)
    for case in cases:
        assert [each["version"] for each in case["versions"]] == list(range(1, newest[case["_id"]] + 1))


def test_submissions_are_told_once_for_each_version(played: Played) -> None:
    """On the topic itself: a record that came twice is the same event, and each version has one event."""
    heard = played.stack.records(CaseSubmittedInFull)
    versions: dict[tuple[str, int], set[str]] = {}
    for each in heard:
        if each["data"]["campaign_id"] == played.campaign.id:
            place = (each["data"]["case_id"], each["data"]["case_version"])
            versions.setdefault(place, set()).add(each["id"])
    assert set(versions) == {(each.case_id, each.version) for each in played.crowd.book.receipts}
    assert {len(ids) for ids in versions.values()} == {1}


def test_each_mail_is_taken_and_answered_once(played: Played) -> None:
    """As many mails as were sent, as many contact forms, and no answer twice."""
    twice = {each["message_id"] for each in played.rows("notify", "letters") if each["possibly_twice"]}
    for plan in played.crowd.cast.provinces:
        sent = 2 if plan.form == "incomplete" else 1
        mails = [each for each in played.rows("notify", "mails") if each["sender"] == plan.contact.email]
        forms = [each for each in played.rows("review", "contacts") if each["sender"] == plan.contact.email]
        answers = Counter(each.message_id for each in played.stack.world.post.letters(plan.contact.email))
        assert (len(mails), len(forms), len(answers)) == (sent, sent, sent)
        assert {message_id for message_id, count in answers.items() if count > 1} <= twice


def test_a_case_that_is_gone_would_be_missed(played: Played) -> None:
    """The accounting is no rubber stamp: without one case in MongoDB it says that one is lost."""
    cases = played.stack.truth.databases["intake"]["cases"]
    receipt = played.crowd.book.receipts[0]
    case = cases.find_one_and_delete({"_id": receipt.case_id})
    assert case is not None
    try:
        account = take_account(played.crowd.book, played.stack.truth, campaign_id=played.campaign.id)
    finally:
        cases.insert_one(case)
    assert any(receipt.number in each for each in account.lost)


def test_a_letter_that_came_twice_would_be_seen(played: Played) -> None:
    """A second copy with the same Message-ID counts as double unless the letter owns up to it."""
    receipt = played.crowd.book.receipts[-1]
    letter = next(each for each in played.stack.world.post.letters(receipt.email) if receipt.number in each.subject)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = letter.sender, receipt.email, letter.subject
    mail["Message-ID"] = letter.message_id
    mail.set_content(letter.text)
    letters = played.stack.truth.databases["notify"]["letters"]
    letters.update_one({"message_id": letter.message_id}, {"$set": {"possibly_twice": False}})
    with smtplib.SMTP(played.stack.world.post.smtp_host, played.stack.world.post.smtp_port, timeout=20) as server:
        server.send_message(mail)
    account = take_account(played.crowd.book, played.stack.truth, campaign_id=played.campaign.id)
    assert any(letter.message_id in each for each in account.double)
