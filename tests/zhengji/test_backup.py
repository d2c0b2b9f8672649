"""zhengji backup and restore: everything comes back, listeners catch up, and nobody gets a letter twice."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.notify.handlers.letters import release_letter
from shared.campaign.loading import load_campaign
from shared.campaign.pacing import paced
from shared.records import Row
from tests.zhengji.lost import Losable
from zhengji.backup import folder
from zhengji.backup.folder import Manifest
from zhengji.backup.progress import Screen
from zhengji.backup.restoring import Restored, check_target, restore
from zhengji.backup.taking import take_backup
from zhengji.backup.telling import tell_again
from zhengji.play.accounting import take_account
from zhengji.play.author import Author
from zhengji.play.cast import make_cast
from zhengji.play.screen import Screen as PlayScreen
from zhengji.play.script import Play

pytestmark = pytest.mark.timeout(600)
CAMPAIGN = Path("campaigns/2024-teacher-training.yaml")
PACE = 3600
NOT_PROJECTED = {"leases", "parked", "buckets", "epoch", "before_restore", "told_events", "doubts"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Losable]:
    """All five services in this process, with databases and a bucket of their own."""
    world = Losable(tmp_path)
    yield world
    world.close()


def a_play(world: Losable, *, cases: int) -> Play:
    campaign = paced(load_campaign(CAMPAIGN), world.now(), PACE)
    cast = make_cast(campaign, run=str(int(time.time())), provinces=1, cases=cases, experts=3)
    return Play(world=world, cast=cast, campaign=campaign, backstage=world.backstage, screen=PlayScreen())


def put_back(world: Losable, backup: Path) -> Restored:
    """As the command does."""
    manifest = folder.read_manifest(backup)
    check_target(world.target, manifest, empty_topics=False)
    folder.verify(backup, manifest, Screen())
    return restore(backup, manifest, world.target, Screen())


@contextmanager
def a_backup_beside(world: Losable, into: Path) -> Iterator[Future[tuple[Path, Manifest]]]:
    """A backup whose instant is fixed when the block begins, and which goes on beside it."""
    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(take_backup, world.source, into, Screen())
        deadline = time.monotonic() + 60
        while not any(into.glob("*/databases/intake/*")):  # the instant is fixed before the first file is opened
            assert time.monotonic() < deadline
            if taking.done():
                taking.result()
            time.sleep(0.001)
        yield taking


def mailboxes(world: Losable, play: Play) -> dict[str, Counter[str]]:
    """What lies in everybody's mailbox: how often each Message-ID."""
    people = [person for plan in play.cast.cases for person in plan.people]
    people += [play.cast.administrator, play.cast.deputy, *play.cast.experts]
    people += [plan.contact for plan in play.cast.provinces]
    return {each.email: Counter(world.post.message_ids(each.email)) for each in people if each.email}


def projections(world: Losable) -> dict[str, list[Row]]:
    """Every document of every service, without what only says how it came about."""
    without = {"outbox": 0, "commands": 0, "version": 0, "heard": 0, "told": 0}
    return {
        f"{service}.{name}": list(database.db[name].find({}, without).sort("_id", 1))
        for service, database in world.databases.items()
        for name in sorted(database.db.list_collection_names())
        if name not in NOT_PROJECTED
    }


def release_all(world: Losable) -> int:
    """As an operator who lets every held letter go."""
    notify = world.apps["notify"]
    rows = notify.letters.held()
    for row in rows:
        release_letter(notify, row["_id"])
    return len(rows)


def epochs_told(world: Losable, *, after: int = 0) -> set[int]:
    found = set()
    for database in world.databases.values():
        found |= set(database.db["told_events"].distinct("epoch", {"epoch": {"$gt": after}}))
    return found


def test_cases_come_back_and_nobody_gets_a_letter_for_what_happened_before(world: Losable, tmp_path: Path) -> None:
    play = a_play(world, cases=4)
    play.open_campaign()
    play.let_provinces_in()
    play.prepare_cases()
    play.wait_for("submission", opens=True)
    settled, untold, unheard, late = play.authors
    for author in (settled, untold):
        author.submit()
    world.turn()

    # In flight when the backup is taken: a letter that waits, an event that nobody has heard, one that is not yet told.
    settled.replace()
    world.turn_only("relay", "hear")
    unheard.submit()
    world.turn_only("relay")
    untold.replace()
    kept = list(play.book.receipts)
    with a_backup_beside(world, tmp_path / "backups") as taking:
        # What comes later is lost: a case that is handed in, one that is taken back, and every letter about it.
        late.submit()
        unheard.withdraw()
        world.turn()
    backup, manifest = taking.result()
    play.book.receipts[:] = kept
    before = mailboxes(world, play)
    old_session = settled.browser.open("/cases")
    assert old_session.path == "/cases"
    assert manifest.missing == ()

    world.lose_everything()
    done = put_back(world, backup)
    for _ in range(5):
        world.turn()

    assert mailboxes(world, play) == before, "somebody got a letter"
    assert done.epoch == world.databases["intake"].epoch > manifest.epoch
    assert settled.browser.open("/cases").path == "/login", "a session of before still counts"
    held = Counter(row["kind"] for row in world.apps["notify"].letters.held())
    assert held["receipt"] == 3, held  # one that waited, one unheard, one untold
    _the_same_mails_change_nothing(world, play, before)
    _new_things_are_heard(world, play, late, settled, before)

    assert release_all(world) == sum(held.values())
    world.turn()
    account = take_account(play.book, world.truth, campaign_id=play.campaign.id, secrets=play.cast.secrets)
    assert (account.lost, account.double, account.wrong) == ([], [], [])
    assert account.receipts == len(kept) + 2
    _hearing_everything_again_changes_nothing(world, done.epoch)


def test_a_publication_cut_in_the_middle_is_finished_without_writing_to_anybody_twice(
    world: Losable, tmp_path: Path
) -> None:
    """Results are told, certificates made and letters written by themselves: after the restore again, and held."""
    play = a_play(world, cases=4)
    for act in (play.open_campaign, play.let_provinces_in, play.prepare_cases, play.hand_in, play.read_reports):
        act()
    for act in (play.invite_experts, play.screen_and_recommend, play.check_eligibility, play.review):
        act()
    play.wait_for("publication", opens=True)
    world.turn()
    play.centre.decide_and_publish()
    waiting = {"state": "waiting"}
    while not world.databases["certificate"].db["jobs_certificates"].count_documents(waiting):
        world.turn_once(without=("send", "addresses", "make"))
    world.turn_only("relay")
    with a_backup_beside(world, tmp_path / "backups") as taking:
        play.tell_authors()
        play.look_up_certificates()
        world.turn()
    backup, _ = taking.result()
    before, lost = mailboxes(world, play), certificates(world)
    assert lost

    world.lose_everything()
    put_back(world, backup)
    for _ in range(5):
        world.turn()

    assert mailboxes(world, play) == before, "somebody got a letter"
    assert certificates(world) == lost, "the same certificates, byte by byte"
    play.disqualify_one()
    world.turn()
    assert release_all(world) > 0
    world.turn()
    account = take_account(play.book, world.truth, campaign_id=play.campaign.id, secrets=play.cast.secrets)
    assert (account.lost, account.double, account.wrong) == ([], [], [])
    assert account.certificates["revoked"] > 0
    letters = Counter(row["kind"] for row in world.apps["notify"].letters.rows({"state": "sent"}))
    assert letters["disqualification"] > 0


def certificates(world: Losable) -> dict[str, str]:
    """The SHA-256 of each signed PDF by its number; the store has it, whole."""
    found = {}
    for row in world.databases["certificate"].db["certificates"].find():
        for issue in row["issues"]:
            found[issue["number"]] = issue["sha256"]
            assert hashlib.sha256(world.objects.read(issue["object_key"])).hexdigest() == issue["sha256"]
    return found


def _the_same_mails_change_nothing(world: Losable, play: Play, before: dict[str, Counter[str]]) -> None:
    mails = world.databases["notify"].db["mails"].count_documents({})
    assert world.mark_mails_unread() >= mails > 0
    world.turn()
    assert world.databases["notify"].db["mails"].count_documents({}) == mails
    assert mailboxes(world, play) == before


def _new_things_are_heard(
    world: Losable, play: Play, late: Author, settled: Author, before: dict[str, Counter[str]]
) -> None:
    """Handed in after the restore: heard by everybody, under the new epoch, and with a letter at once."""
    epoch = world.databases["intake"].epoch
    assert play.centre.runs(play.campaign) or play.centre.staff.open("/centre/cases").status == 200
    for receipt in (late.submit(), settled.replace()):
        world.turn()
        review = world.databases["review"].db["cases"].find_one({"_id": receipt.case_id})
        report = world.databases["validation"].db["reports"].find_one({"_id": receipt.case_id})
        assert review is not None and review["case_version"] == receipt.version
        assert report is not None and report["versions"][-1]["version"] == receipt.version
        letters = world.post.letters(receipt.email)
        assert any(receipt.number in each.subject for each in letters[sum(before[receipt.email].values()) :])
    assert epochs_told(world, after=1) == {epoch}


def _hearing_everything_again_changes_nothing(world: Losable, epoch: int) -> None:
    """What every listener holds is what it would hold had it heard all there is to hear."""
    held = projections(world)
    tell_again(world.databases, world.bus, epoch=epoch, screen=Screen())
    world.turn()
    again = projections(world)
    assert {name: rows for name, rows in again.items() if rows != held[name]} == {}
