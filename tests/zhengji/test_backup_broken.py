"""What a backup takes and what a restore refuses: real servers, and one clear sentence for each trouble."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shared.events.wire import Told, outbox_entry, to_message
from shared.messaging.lease import Lease
from shared.records import Row
from shared.trouble import Away
from tests.shared.model import submitted
from tests.zhengji.small import NOON, Small, a_stack_of, small_platforms
from zhengji.__main__ import app as command
from zhengji.backup import folder, restoring, snapshot
from zhengji.backup.files import alone_in
from zhengji.backup.folder import Manifest
from zhengji.backup.progress import Screen
from zhengji.backup.restoring import Restored, check_target, restore
from zhengji.backup.taking import Source, take_backup
from zhengji.backup.trouble import BackupTrouble


@pytest.fixture
def small() -> Iterator[Callable[[], Small]]:
    """Makes empty platforms that are gone afterwards."""
    with small_platforms() as make:
        yield make


@pytest.fixture(autouse=True)
def _nobody_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process has to be waited for until it has read the new epoch."""
    monkeypatch.setattr(restoring, "LET_EVERYBODY_KNOW", 0)


@pytest.fixture
def filled(small: Callable[[], Small]) -> Small:
    """A platform with a case and its file, a letter that waits, and one told event."""
    here = small()
    here.put("intake/case/file.docx", b"a document")
    here.databases["intake"].db["cases"].insert_one(
        {"_id": "case", "version": 1, "at": NOON, "files": [{"object_key": "intake/case/file.docx"}], "outbox": []}
    )
    here.databases["notify"].db["letters"].insert_many([a_letter("1", "waiting"), a_letter("2", "sent")])
    told = Told("e1", submitted("case", 1), "case", seq=1, epoch=1, time=NOON, correlation="c1")
    here.databases["intake"].db["told_events"].insert_one({**outbox_entry(told), "_id": "e1"})
    return here


def a_letter(id_: str, state: str) -> Row:
    return {"_id": id_, "version": 3, "state": state, "kind": "receipt", "due": NOON, "token": "", "outbox": []}


def backed_up(here: Small, into: Path) -> tuple[Path, Manifest]:
    source = Source(here.databases, here.objects, here.keys, here.clock)
    here.clock.advance(timedelta(seconds=1))
    return take_backup(source, into, Screen())


def put_back(backup: Path, there: Small, *, empty_topics: bool = False) -> Restored:
    manifest = folder.read_manifest(backup)
    check_target(there.target, manifest, empty_topics=empty_topics)
    folder.verify(backup, manifest, Screen())
    return restore(backup, manifest, there.target, Screen(), empty_topics=empty_topics)


def test_everything_comes_back_and_what_was_on_its_way_is_held(
    filled: Small, small: Callable[[], Small], tmp_path: Path
) -> None:
    backup, manifest = backed_up(filled, tmp_path)
    cases, letters = filled.rows("intake", "cases"), filled.rows("notify", "letters")
    there = small()
    done = put_back(backup, there)
    assert there.rows("intake", "cases") == cases
    assert [row["state"] for row in there.rows("notify", "letters")] == ["held", "sent"]
    assert there.rows("notify", "letters")[1] == letters[1]
    assert there.objects.read("intake/case/file.docx") == b"a document"
    assert there.objects.content_type("intake/case/file.docx") == "text/plain"
    assert [each.message.header("ce_id") for each in there.bus.records("intake.open")] == ["e1"]
    assert [each.message.header("ce_epoch") for each in there.bus.records("intake.open")] == ["1"]
    assert (done.documents, done.files, done.told, done.held) == (manifest.documents, 1, 1, 1)
    assert {database.epoch for database in there.databases.values()} == {done.epoch}
    assert Lease(there.databases["intake"], "relay").hold()


def test_a_second_restore_of_the_same_backup_begins_a_later_epoch(
    filled: Small, small: Callable[[], Small], tmp_path: Path
) -> None:
    """Whoever heard what was told after the first restore must not take what is told after the second for old."""
    backup, _ = backed_up(filled, tmp_path)
    first = put_back(backup, small())
    there = small()
    there.clock.advance(timedelta(hours=1))
    assert put_back(backup, there).epoch > first.epoch


def test_files_are_copied_once(filled: Small, tmp_path: Path) -> None:
    backed_up(filled, tmp_path)
    copies = tmp_path / "objects" / "copied.jsonl"
    before = copies.read_text()
    with copies.open("a") as file:
        file.write('{"key": "cut o')  # a run that was killed here
    filled.put("intake/case/second.pdf", b"another")
    _, manifest = backed_up(filled, tmp_path)
    assert manifest.objects.objects == 2
    assert len(copies.read_text().splitlines()) == len(before.splitlines()) + 2


def test_a_changed_file_is_copied_again_and_the_earlier_backup_keeps_its_own(
    filled: Small, small: Callable[[], Small], tmp_path: Path
) -> None:
    first, _ = backed_up(filled, tmp_path)
    filled.put("intake/case/file.docx", b"changed since")
    second, _ = backed_up(filled, tmp_path)
    for backup, content in ((first, b"a document"), (second, b"changed since")):
        there = small()
        put_back(backup, there)
        assert there.objects.read("intake/case/file.docx") == content


def test_a_file_that_a_document_names_and_the_store_has_not_got_is_told(filled: Small, tmp_path: Path) -> None:
    filled.objects.remove("intake/case/file.docx")
    filled.databases["intake"].db["cases"].update_one(
        {"_id": "case"}, {"$set": {"uploads": [{"object_key": "intake/case/announced.docx"}]}}
    )
    _, manifest = backed_up(filled, tmp_path)
    assert manifest.missing == ("intake/case/file.docx",)


def test_all_databases_are_of_one_instant(filled: Small, tmp_path: Path) -> None:
    """Somebody writes the same number into two databases, one transaction each, all the time."""
    intake, notify = (filled.databases[service] for service in ("intake", "notify"))
    for database in (intake, notify):
        database.db["numbers"].insert_many({"_id": at, "number": 0, "filling": "x" * 2000} for at in range(3000))
    begun, stop = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with intake.client.start_session() as session, session.start_transaction():
                for database in (intake, notify):
                    database.db["numbers"].update_one({"_id": 2999}, {"$set": {"number": number}}, session=session)
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(timeout=30)
        backup, manifest = backed_up(filled, tmp_path)
    finally:
        stop.set()
        writer.join()
    numbers = [
        next(row["number"] for row in snapshot.documents_in(backup / dumps["numbers"].file) if row["_id"] == 2999)
        for dumps in (manifest.databases["intake"], manifest.databases["notify"])
    ]
    assert numbers[0] == numbers[1] > 0


def test_a_snapshot_that_the_server_let_go_is_one_sentence(
    filled: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server keeps snapshots for a second, and the reader dawdles for longer while others write."""
    client, noise = filled.databases["intake"].client, filled.databases["review"].db["noise"]
    window = "minSnapshotHistoryWindowInSeconds"
    kept = client.admin.command({"getParameter": 1, window: 1})[window]
    read, until = snapshot._read, time.monotonic() + 30
    noise.insert_one({"number": 0})

    def dawdle(*arguments: Any) -> Any:
        began = time.monotonic()
        while time.monotonic() < min(began + 2.5, until):
            noise.insert_one({"number": 1})
        return read(*arguments)

    monkeypatch.setattr(snapshot, "_read", dawdle)
    client.admin.command({"setParameter": 1, window: 1})
    try:
        with pytest.raises(BackupTrouble, match=window):
            backed_up(filled, tmp_path)
    finally:
        client.admin.command({"setParameter": 1, window: kept})
    assert folder.cut_off(tmp_path)


# Broken backups


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def change_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize("pattern", ["*/databases/intake/cases.bson.gz", "*/objects.jsonl.gz", "objects/*/*"])
def test_a_damaged_backup_is_refused(filled: Small, tmp_path: Path, pattern: str) -> None:
    backup, manifest = backed_up(filled, tmp_path)
    (file,) = tmp_path.glob(pattern)
    content = file.read_bytes()
    for harm, said in ((cut_short, "is damaged"), (change_a_byte, "is damaged"), (Path.unlink, "is not whole")):
        harm(file)
        with pytest.raises(BackupTrouble, match=said) as trouble:
            folder.verify(backup, manifest, Screen())
        assert str(file) in str(trouble.value)
        file.write_bytes(content)
    folder.verify(backup, manifest, Screen())


def test_a_backup_that_was_cut_off_is_recognised(filled: Small, tmp_path: Path) -> None:
    first, _ = backed_up(filled, tmp_path)
    second, _ = backed_up(filled, tmp_path)
    (second / folder.MANIFEST).unlink()
    assert folder.cut_off(tmp_path) == [second]
    assert folder.choose(tmp_path) == first
    with pytest.raises(BackupTrouble, match=r"cut off before its manifest\.json was written"):
        folder.choose(second)
    (first / folder.MANIFEST).unlink()
    with pytest.raises(BackupTrouble, match="holds no whole backup"):
        folder.choose(tmp_path)


def test_what_is_no_backup_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackupTrouble, match="there is no such folder"):
        folder.choose(tmp_path / "nowhere")
    with pytest.raises(BackupTrouble, match="holds no backup"):
        folder.choose(tmp_path)


@pytest.mark.parametrize("told", ["no json", "{}", json.dumps({"format": 99})])
def test_a_manifest_that_cannot_be_read_is_one_sentence(tmp_path: Path, told: str) -> None:
    (tmp_path / folder.MANIFEST).write_text(told)
    with pytest.raises(BackupTrouble, match=r"cannot be read|is of format 99"):
        folder.read_manifest(tmp_path)


def test_one_backup_at_a_time(filled: Small, tmp_path: Path) -> None:
    folder.begin(tmp_path, at=NOON)
    with alone_in(tmp_path), pytest.raises(BackupTrouble, match="is running"):
        backed_up(filled, tmp_path)


# Wrong targets


def test_a_platform_that_is_not_empty_is_refused(filled: Small, tmp_path: Path) -> None:
    backup, _ = backed_up(filled, tmp_path)
    with pytest.raises(BackupTrouble, match=r"_intake is not empty: cases holds documents"):
        put_back(backup, filled)


def test_a_bucket_that_is_not_empty_is_refused(filled: Small, small: Callable[[], Small], tmp_path: Path) -> None:
    backup, _ = backed_up(filled, tmp_path)
    there = small()
    there.put("somebody's")
    with pytest.raises(BackupTrouble, match="The bucket is not empty: it holds somebody's"):
        put_back(backup, there)


def test_a_platform_whose_worker_runs_is_refused(filled: Small, small: Callable[[], Small], tmp_path: Path) -> None:
    backup, _ = backed_up(filled, tmp_path)
    there = small()
    assert Lease(there.databases["review"], "relay").hold()
    with pytest.raises(BackupTrouble, match="The worker of review is running"):
        put_back(backup, there)


def test_other_keys_are_refused_by_name(filled: Small, small: Callable[[], Small], tmp_path: Path) -> None:
    backup, _ = backed_up(filled, tmp_path)
    with pytest.raises(BackupTrouble, match="ZHENGJI_PERSON_SECRET"):
        put_back(backup, replace(small(), keys={"person": "another"}))


def test_topics_that_hold_records_are_emptied_only_by_request(
    filled: Small, small: Callable[[], Small], tmp_path: Path
) -> None:
    """What was told after the backup would be taken for true by whoever listens."""
    backup, _ = backed_up(filled, tmp_path)
    there = small()
    later = Told("e9", submitted("case-9", 1), "case-9", seq=1, epoch=1, time=NOON)
    there.bus.append(to_message(outbox_entry(later)))
    with pytest.raises(BackupTrouble, match=r"The topics hold 1 records \(intake.open\).*--empty-topics"):
        put_back(backup, there)
    put_back(backup, there, empty_topics=True)
    assert [each.message.header("ce_id") for each in there.bus.records("intake.open")] == ["e1"]


def test_a_restore_that_was_cut_off_tells_nothing_and_is_done_again(
    filled: Small, small: Callable[[], Small], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, manifest = backed_up(filled, tmp_path)
    there = small()
    broken = replace(there.target, migrate=_give_up)
    with pytest.raises(KeyboardInterrupt):
        restore(backup, manifest, broken, Screen())
    assert not Lease(there.databases["intake"], "relay").hold(), "a relay might begin"
    with pytest.raises(Away, match="is being put back"):
        assert there.databases["intake"].epoch
    with pytest.raises(BackupTrouble, match="is being put back into this platform"):
        backed_up(there, tmp_path / "elsewhere")
    there.databases["intake"].db["cases"].insert_one({"_id": "half a case"})
    done = put_back(backup, there)
    assert [row["_id"] for row in there.rows("intake", "cases")] == ["case"]
    assert there.databases["intake"].epoch == done.epoch
    assert Lease(there.databases["intake"], "relay").hold()


def _give_up() -> None:
    raise KeyboardInterrupt


def test_documents_are_bson_one_after_the_other(filled: Small, tmp_path: Path) -> None:
    """Other tools read them too: `gunzip -c cases.bson.gz | bsondump`."""
    backup, manifest = backed_up(filled, tmp_path)
    dumped = manifest.databases["notify"]["letters"]
    raw = gzip.decompress((backup / dumped.file).read_bytes())
    assert dumped.documents == 2 == len(list(snapshot.raw_documents_in(backup / dumped.file)))
    assert b"".join(snapshot.raw_documents_in(backup / dumped.file)) == raw


# On screen


def test_each_trouble_is_one_sentence_on_screen(filled: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    var, into = tmp_path / "var", tmp_path / "backups"
    a_stack_of(filled, var, monkeypatch)

    def said(*words: str) -> tuple[int, str]:
        ran = CliRunner().invoke(command, [*words, "--var", str(var)])
        return ran.exit_code, ran.stderr.splitlines()[-1] if ran.stderr else ""

    taken = CliRunner().invoke(command, ["backup", str(into), "--var", str(var)])
    assert taken.exit_code == 0, taken.stderr
    assert re.search(r"backups/\S+: 4 documents, 1 files, as of \d{4}-", taken.stdout)
    assert said("restore", str(tmp_path / "no")) == (1, f"{tmp_path / 'no'}: there is no such folder.")
    code, sentence = said("restore", str(into), "--yes")
    assert code == 1 and sentence.endswith("_intake is not empty: cases holds documents.")
    assert said("backup", "/proc/nowhere") == (1, "/proc/nowhere: No such file or directory.")
    (var / "keys" / "person_hmac").unlink()
    a_stack_of(filled, var, monkeypatch)
    code, sentence = said("restore", str(into), "--yes")
    assert code == 1 and "ZHENGJI_PERSON_SECRET (pseudonyms of persons)" in sentence
