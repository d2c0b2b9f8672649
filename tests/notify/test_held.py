"""After a restore: letters about what happened before are held, whatever brings them up, until a person decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from services.notify.domain.letter import HELD_REASON, LetterState
from services.notify.handlers.letters import release_letter, set_letter_aside
from services.notify.handlers.mailbox import empty_mailbox
from services.notify.handlers.sending import find_addresses, send_next
from services.notify.queries import messages_of
from services.notify.store import as_restored
from shared.events.review import ResultToldToAuthors
from shared.records import Database
from shared.records.audit import AuditTrail
from shared.trouble import Refused
from tests.conftest import setting
from tests.notify import corpus
from tests.notify.given import NOW, OWNER, Given, a_letter, contacts, submitted
from zhengji import letters as command

EPOCH = 1000


@pytest.fixture
def restored(here: Given) -> Given:
    """An app into whose database a backup was put back just now."""
    put_a_backup_back(here)
    return here


def put_a_backup_back(here: Given) -> None:
    here.clock.advance(timedelta(seconds=1))
    here.app.database.begin_restore("a backup", epoch=EPOCH)
    here.app.database.end_restore(at=here.clock())
    here.clock.advance(timedelta(seconds=1))


def a_result() -> ResultToldToAuthors:
    campaign_id = contacts().campaign_id
    return ResultToldToAuthors(campaign_id=campaign_id, case_id=contacts().case_id, outcome="showcase", at=NOW)


def held(here: Given) -> list[LetterState]:
    return [letter.state for letter in here.letters()]


def test_a_letter_about_an_event_of_an_earlier_epoch_is_held(restored: Given) -> None:
    restored.hear(contacts())
    restored.hear(submitted())
    letter = restored.letter(kind="receipt")
    assert (letter.state, letter.reason, letter.possibly_twice) == (LetterState.HELD, HELD_REASON, True)
    restored.hear(contacts())
    restored.clock.advance(timedelta(hours=1))
    assert not find_addresses(restored.app) and not send_next(restored.app)
    assert restored.post.taken == []


def test_what_follows_from_an_act_of_before_is_held_too(restored: Given) -> None:
    """The check was done again after the restore: its event is of the new epoch, the act it follows from is not."""
    restored.app.earlier.keep(["c0ffee00c0ffee00"])
    heard = replace(restored.as_heard(submitted()), epoch=EPOCH)
    restored.react(heard)
    assert held(restored) == [LetterState.HELD]


def test_a_letter_about_something_new_goes_at_once(restored: Given) -> None:
    restored.app.earlier.keep(["another-act"])
    restored.react(replace(restored.as_heard(contacts()), epoch=EPOCH))
    restored.react(replace(restored.as_heard(submitted()), epoch=EPOCH))
    assert send_next(restored.app)
    assert [parcel.message_id for parcel in restored.post.taken] == [restored.letter().message_id]
    assert not restored.letter().possibly_twice


def test_an_event_heard_again_writes_no_letter_to_somebody_who_came_later(restored: Given) -> None:
    """Co-authors are written to when a letter goes, not when an event of before is heard once more."""
    restored.hear(contacts())
    restored.hear(a_result())
    assert held(restored) == [LetterState.HELD]
    release_letter(restored.app, restored.letter().id)
    assert {letter.state for letter in restored.letters()} <= {LetterState.WAITING, LetterState.ON_SITE}
    assert all(letter.possibly_twice for letter in restored.letters())


def test_a_released_letter_goes_with_its_own_message_id_and_says_possibly_twice(restored: Given) -> None:
    restored.hear(contacts())
    restored.hear(submitted())
    before = restored.letter()
    release_letter(restored.app, before.id)
    assert send_next(restored.app)
    (parcel,) = restored.post.taken
    assert parcel.message_id == before.message_id
    assert b"X-Zhengji-Possibly-Twice: yes" in parcel.content
    with pytest.raises(Refused, match="letter-not-held"):
        release_letter(restored.app, before.id)


def test_a_letter_that_is_given_up_counts_as_not_delivered(restored: Given) -> None:
    restored.hear(submitted())
    set_letter_aside(restored.app, restored.letter().id)
    assert restored.letter().state is LetterState.FAILED
    assert not send_next(restored.app)


def test_held_letters_are_no_messages_on_the_site_yet(restored: Given) -> None:
    restored.hear(contacts())
    restored.hear(submitted())
    assert messages_of(restored.app, OWNER, page=1) == ([], 1)


def test_a_mail_of_before_is_taken_and_not_answered_by_itself(here: Given) -> None:
    """It was answered, perhaps, in the time that the restore took back."""
    here.mailbox.deliver(corpus.plain())
    put_a_backup_back(here)
    empty_mailbox(here.app)
    assert held(here) == [LetterState.HELD]
    here.mailbox.deliver(corpus.html_only())
    empty_mailbox(here.app)
    assert sorted(held(here)) == [LetterState.HELD, LetterState.WAITING]
    assert here.app.mails.count({"state": "form"}) == 2


@pytest.mark.parametrize("state", ["waiting_for_address", "waiting", "sending"])
def test_rows_of_letters_on_their_way_are_put_back_held(here: Given, state: str) -> None:
    here.app.letters.create(a_letter())
    rows = here.app.database.collection("letters")
    rows.update_one({}, {"$set": {"state": state, "token": "t", "lease_until": NOW, "due": NOW}})
    row = rows.find_one({})
    assert row is not None
    rows.replace_one({}, as_restored(row))
    letter = here.letter()
    assert (letter.state, letter.token, letter.lease_until, letter.due) == (LetterState.HELD, "", None, None)
    assert letter.possibly_twice
    release_letter(here.app, letter.id)
    assert here.letter().state is LetterState.WAITING


@pytest.mark.parametrize("state", ["sent", "bounced", "failed", "on_site", "held"])
def test_rows_of_finished_letters_are_put_back_as_they_are(state: str) -> None:
    row = {"_id": "1", "state": state, "version": 4, "due": NOW}
    assert as_restored(row) == row


def test_operators_list_release_and_drop_by_command(restored: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    restored.hear(submitted())
    id_ = restored.letter().id
    monkeypatch.setattr(command, "settings_of", lambda *_, **__: restored.app.settings)
    run = CliRunner().invoke
    listed = run(command.app, ["held"])
    assert id_ in listed.stdout and "1 held" in listed.stdout
    assert run(command.app, ["release"]).exit_code == 2
    released = run(command.app, ["release", "--all", "--yes", "--by", "李明", "--why", "核对过"])
    assert (released.exit_code, released.stdout) == (0, "1 letters\n")
    again = run(command.app, ["drop", id_, "--yes"])
    assert (again.exit_code, again.stderr) == (1, f"The letter {id_} is not held; see `zhengji letters held`.\n")
    record = Database("notify", uri=setting("MONGO_URI"), prefix=restored.app.settings.mongo_prefix)
    entry = next(AuditTrail(record).entries())
    record.close()
    assert (entry["by"], entry["what"], entry["about"]) == ("运维：李明", "放行暂缓的信件", id_)
