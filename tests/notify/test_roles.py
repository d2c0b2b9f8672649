"""The roles as real processes: a sender killed on the way sends again with the same Message-ID; news goes both ways."""

from __future__ import annotations

import email
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from services.notify import wiring
from services.notify.domain.letter import LetterState
from services.notify.settings import NotifySettings
from shared.events.catalogue import event_class
from shared.events.notify import ContactFormReceived, LetterSent
from shared.events.wire import Told, from_message, outbox_entry, to_message
from shared.messaging.memory import MemoryBus
from tests.notify import corpus
from tests.notify.given import NOW, Given, a_letter, contacts, submitted
from tests.notify.smtp_server import Script, ScriptedServer


def until(true: Callable[[], object], seconds: float = 30) -> None:
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
        process.wait(timeout=15)


def test_a_sender_killed_before_it_could_mark_sends_again_with_the_same_message_id(
    start: Callable[..., Given],
) -> None:
    script = Script({".": ["250 taken"]})
    held = []

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
            first.wait(timeout=10)
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
    until(lambda: (any([loop.step() for loop in loops]), len(bus.records("notify.internal")) >= 2)[1])
    sent = [from_message(each.message) for each in bus.records("notify.internal")]
    assert {type(heard.event) for heard in sent} == {LetterSent}
    receipt = next(heard for heard in sent if isinstance(heard.event, LetterSent) and heard.event.kind == "receipt")
    assert receipt.correlation == "c" * 16
    (form,) = (from_message(each.message).event for each in bus.records("notify.restricted"))
    assert isinstance(form, ContactFormReceived)
    assert sorted(parcel.recipient for parcel in here.post.taken) == ["wang@school.example", corpus.FROM]
    assert event_class(LetterSent.type()) is LetterSent
