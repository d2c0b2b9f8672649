"""The roles as real processes: a sender killed on the way sends again with the same Message-ID; news goes both ways."""

from __future__ import annotations

import email
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from services.notify import wiring
from services.notify.adapters.imap import ImapMailbox
from services.notify.adapters.mail_reading import read_mail
from services.notify.domain.letter import LetterState
from services.notify.domain.ports import Parcel
from services.notify.settings import NotifySettings
from shared.events.catalogue import event_class
from shared.events.notify import ContactFormReceived, LetterSent
from shared.events.wire import Told, from_message, outbox_entry, to_message
from shared.messaging.memory import MemoryBus
from tests.conftest import setting
from tests.notify import corpus
from tests.notify.given import NOW, Given, a_letter, contacts, submitted
from tests.notify.smtp_server import Script, ScriptedServer


def until(true: Callable[[], object], seconds: float = 120) -> None:
    """Poll until it is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.05)


@contextmanager
def role(name: str, settings: NotifySettings) -> Iterator[subprocess.Popen[bytes]]:
    """One role of notify as a process of its own."""
    given = settings.model_dump(mode="json", exclude_none=True)
    plain = {key: value for key, value in given.items() if not isinstance(value, list)}
    environment = os.environ | {f"ZHENGJI_{key.upper()}": str(value) for key, value in plain.items()}
    process = subprocess.Popen([sys.executable, "-m", "services.notify", name], env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def test_a_sender_killed_before_it_could_mark_sends_again_with_the_same_message_id(
    start: Callable[..., Given],
) -> None:
    script = Script({".": ["250 taken"]})
    held: list[bool] = []

    def hold(step: str, usual: str) -> str:
        if step == "." and not held:
            held.append(True)
            until(lambda: len(held) > 1)  # the answer never comes: the sender is killed meanwhile
            return "cut"
        return usual

    script.answer = hold  # type: ignore[method-assign]  # the one answer that takes its time
    with ScriptedServer(script) as server:
        here = start(smtp_host="127.0.0.1", smtp_port=server.port, letter_lease_seconds=1)
        here.app.letters.create(a_letter())
        with role("sender", here.app.settings) as first:
            until(lambda: script.taken)
            assert here.letter().state is LetterState.SENDING
            first.send_signal(signal.SIGKILL)
            first.wait(timeout=60)
            held.append(True)
        with role("sender", here.app.settings):
            until(lambda: here.letter().state is LetterState.SENT)
    first_mail, second_mail = map(email.message_from_bytes, script.taken)
    assert first_mail["Message-ID"] == second_mail["Message-ID"] == here.letter().message_id
    assert (first_mail["X-Zhengji-Possibly-Twice"], second_mail["X-Zhengji-Possibly-Twice"]) == (None, "yes")


def test_a_sender_that_is_told_to_stop_ends_in_order(start: Callable[..., Given]) -> None:
    with ScriptedServer(Script()) as server:
        here = start(smtp_host="127.0.0.1", smtp_port=server.port)
        here.app.letters.create(a_letter())
        with role("sender", here.app.settings) as sender:
            until(lambda: here.letter().state is LetterState.SENT)
        assert sender.returncode == 0


def say(bus: MemoryBus, event: Any, seq: int) -> None:
    """Put an event on the bus as its speaker would."""
    told = Told(id=f"e{seq}", event=event, subject=event.case_id, seq=seq, epoch=1, time=NOW, correlation="c" * 16)
    bus.append(to_message(outbox_entry(told)))


def test_news_goes_in_and_out_over_the_bus(here: Given) -> None:
    bus = MemoryBus()
    say(bus, submitted(), 1)
    say(bus, contacts(), 1)
    here.mailbox.deliver(corpus.plain())
    loops = [
        *wiring.worker_turns(here.app, bus),
        *wiring.sender_turns(here.app),
        *wiring.mailbox_turns(here.app),
    ]

    def turned() -> bool:
        for loop in loops:
            loop.step()
        return len(bus.records("notify.internal")) >= 2

    until(turned)
    sent = [from_message(each.message) for each in bus.records("notify.internal")]
    assert {type(heard.event) for heard in sent} == {LetterSent}
    receipt = next(heard for heard in sent if isinstance(heard.event, LetterSent) and heard.event.kind == "receipt")
    assert receipt.correlation == "c" * 16
    (form,) = (from_message(each.message).event for each in bus.records("notify.restricted"))
    assert isinstance(form, ContactFormReceived)
    assert sorted(parcel.recipient for parcel in here.post.taken) == ["wang@school.example", corpus.FROM]
    assert event_class(LetterSent.type()) is LetterSent


def test_a_contact_form_mailed_in_is_answered_by_mail(start: Callable[..., Given]) -> None:
    """Real SMTP, IMAP and MinIO, three real processes: from the province's mail to the answer in its mailbox."""
    name = uuid.uuid4().hex[:8]
    campaign_box, sender_box = f"campaign-{name}@zhengji.example", f"zhang-{name}@hbe.example"
    servers = (
        "smtp_host",
        "imap_host",
        "s3_endpoint",
        "s3_public_endpoint",
        "s3_access_key",
        "s3_secret_key",
        "s3_region",
    )
    real: dict[str, Any] = {name: setting(name.upper()) for name in servers}
    ports = {"smtp_port": int(setting("SMTP_PORT")), "imap_port": int(setting("IMAP_PORT"))}
    here = start(**real, **ports, imap_user=campaign_box, s3_bucket="test-notify", mailbox_every_seconds=0.2)
    post = wiring.smtp_post(here.app.settings)
    raw = corpus.docx_rfc2231().replace(corpus.FROM.encode(), sender_box.encode())
    post.send(Parcel(sender=sender_box, recipient=campaign_box, message_id="", content=raw))
    post.close()
    with role("migrate", here.app.settings) as migrate:
        assert migrate.wait(timeout=120) == 0
    box = ImapMailbox(host=real["imap_host"], port=ports["imap_port"], user=sender_box, password="any", secure=False)
    found: list[bytes] = []

    def answered() -> bool:
        with box.open() as opened:
            found.extend(each.raw for uid in opened.unseen() if (each := opened.fetch(uid, most=10**6)))
        return bool(found)

    with role("mailbox", here.app.settings), role("sender", here.app.settings):
        until(answered)
    answer = read_mail(found[0])
    assert (answer.subject, answer.sender) == ("已收到联系人信息表", campaign_box)
    assert "您发来的联系人信息表（附表2）已收到并登记" in answer.text
    (mail,) = (here.app.mails.get(row["_id"]) for row in here.app.mails.rows({}, only=("_id",)))
    originals = wiring.build(here.app.settings).originals
    assert b"".join(originals.chunks(mail.object_key)).replace(b"\r\n", b"\n").strip().endswith(b"--b1--")
