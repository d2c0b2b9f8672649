"""On real servers and by command: backed up while people hand in, put back beside the Kafka that was in use."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.clock import system_clock
from tests.journeys.faulty import FaultyStack, authors_of, publish_campaign, wait
from zhengji.play.accounting import Truth, take_account
from zhengji.play.book import Book, Receipt
from zhengji.play.cast import Twist

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]
LOST = ("mongodb", "minio")


@pytest.fixture
def stack() -> Iterator[FaultyStack]:
    """A whole platform of its own, gone afterwards."""
    stack = FaultyStack("var/restored")
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


def lose(stack: FaultyStack) -> None:
    """Databases and files are gone with their servers; Kafka keeps what it was told, people their letters."""
    for name in ("keeper", *(program.name for program in stack.own), *LOST):
        stack.command("stop", name)
    for name in LOST:
        shutil.rmtree(stack.places.data(name))


def letters(stack: FaultyStack, receipts: list[Receipt]) -> dict[str, Counter[str]]:
    """What lies in each author's mailbox."""
    return {email: Counter(stack.world.post.message_ids(email)) for email in {each.email for each in receipts}}


def without_lost_letters(stack: FaultyStack) -> Truth:
    """The truth, but for the letters that people got in the time that was lost, and that no database knows."""
    known = set(stack.truth.databases["notify"]["letters"].distinct("message_id"))
    return replace(
        stack.truth, letters=lambda email: [each for each in stack.truth.letters(email) if each.message_id in known]
    )


def is_kept(stack: FaultyStack, receipt: Receipt) -> bool:
    """Whether what this receipt confirms is in the restored database."""
    case = stack.truth.databases["intake"]["cases"].find_one({"_id": receipt.case_id, "number": receipt.number})
    return case is not None and any(each["version"] == receipt.version for each in case["versions"])


def test_a_platform_comes_back_beside_the_kafka_that_was_in_use(stack: FaultyStack, tmp_path: Path) -> None:
    campaign, book = publish_campaign(stack), Book()
    crowd = authors_of(stack, campaign, book, count=4, without=(Twist.LARGE,))
    with crowd.coming(pause=2):
        wait("the first receipts", lambda: len(book.receipts) >= 4, seconds=120)
        began = system_clock()
        backed_up = stack.zhengji("backup", str(tmp_path))
        later = len(book.receipts)
        wait("a receipt that the backup knows nothing of", lambda: len(book.receipts) > later, seconds=120)
    assert backed_up.returncode == 0, backed_up.stderr
    wait("everything told, heard and sent", stack.rests, seconds=120)
    before = letters(stack, book.receipts)

    lose(stack)
    stack.command("servers")
    refused = stack.zhengji("restore", str(tmp_path), "--yes")
    assert refused.returncode == 1
    assert refused.stderr.startswith("The topics hold ") and "--empty-topics" in refused.stderr
    restored = stack.zhengji("restore", str(tmp_path), "--yes", "--empty-topics")
    assert restored.returncode == 0, restored.stderr
    stack.command("up")
    wait("everything told and heard again", stack.rests, seconds=180)

    assert letters(stack, book.receipts) == before, "somebody got a letter"
    certain = [each for each in book.receipts if each.shown < began]
    kept = [each for each in book.receipts if is_kept(stack, each)]
    assert len(certain) >= 4 and set(map(id, certain)) <= set(map(id, kept))
    assert len(kept) < len(book.receipts), "nothing was lost: the backup was not earlier"
    book.receipts[:] = kept

    after = Book()
    with authors_of(stack, campaign, after, count=2, without=(Twist.LARGE,)).coming(pause=1):
        wait("receipts after the restore", lambda: len(after.receipts) >= 2, seconds=120)
    released = stack.zhengji("letters", "release", "--all", "--yes")
    assert released.returncode == 0, released.stderr
    wait("everything told, heard and sent", stack.rests, seconds=180)
    book.receipts += after.receipts
    account = take_account(book, without_lost_letters(stack), campaign_id=campaign.id)
    assert (account.lost, account.double, account.wrong) == ([], [], [])
    assert stack.zhengji("audit", "verify").returncode == 0
    again = stack.zhengji("restore", str(tmp_path), "--yes", "--empty-topics")
    assert again.returncode == 1 and "is not empty" in again.stderr
