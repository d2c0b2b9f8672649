"""A letter: one for each event and recipient, from the news that calls for it until the mail server has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.aggregates import Aggregate
from shared.events.notify import LetterBounced, LetterSent
from shared.trouble import Refused

MOST_RESENDS = 3
MOST_CUTS = 4
FIRST_PAUSE = timedelta(minutes=1)
SEALED_KINDS = frozenset({"activation_code", "password_reset", "co_author"})
"""Letters that carry a one-time code: it is opened only to build the mail, and pages mask it."""
URGENT_KINDS = frozenset({"activation_code", "password_reset", "receipt"})


class LetterState(StrEnum):
    """Where a letter stands."""

    WAITING_FOR_ADDRESS = "waiting_for_address"
    WAITING = "waiting"
    SENDING = "sending"  # kept before the data goes out
    SENT = "sent"
    BOUNCED = "bounced"  # refused for good
    FAILED = "failed"  # given up after many tries, or too late to be of use
    ON_SITE = "on_site"  # for somebody without e-mail: only a message on the site
    HELD = "held"  # about something before a restore, so it may have gone out already: a person decides


ON_ITS_WAY = frozenset({LetterState.WAITING_FOR_ADDRESS, LetterState.WAITING, LetterState.SENDING})
UNDELIVERED = frozenset({LetterState.BOUNCED, LetterState.FAILED})


HELD_REASON = "此信所告之事发生在恢复备份之前，可能已经发出，由管理员决定是否再发。"
CUT_REASON = "发送此信时程序多次意外中止，已停止发送，请联系技术人员。"
GIVEN_UP_REASON = "恢复备份后，管理员决定不再发送。"


class Whom(StrEnum):
    """How an event names the one a letter is for."""

    ADDRESS = "address"  # by an e-mail address in the event itself
    ACCOUNT = "account"  # by an account, of an author or of staff
    SUBMITTER = "submitter"  # the author who handed the case in
    AUTHOR = "author"  # by the author's place on the sheet
    PROVINCE = "province"  # the contact of a province


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """Whom a letter is for, as far as its event says; ``everybody`` asks for letters to the co-authors as well."""

    whom: Whom
    name: str = ""
    email: str = ""
    account_id: str = ""
    case_id: str = ""
    place: int = 0
    province: str = ""
    everybody: bool = False

    def key(self) -> str:
        """What distinguishes this recipient among those of one event."""
        parts = {
            Whom.ADDRESS: self.account_id or self.email,
            Whom.ACCOUNT: self.account_id,
            Whom.SUBMITTER: self.case_id,
            Whom.AUTHOR: f"{self.case_id}/{self.place}",
            Whom.PROVINCE: self.province,
        }
        return f"{self.whom}:{parts[self.whom]}"


@dataclass(frozen=True)
class Reached:
    """Somebody whose address is known; ``email`` is empty for those who have none."""

    name: str
    email: str
    account_id: str
    facts: tuple[tuple[str, str], ...] = ()
    """What came to be known of the case together with the address: its number, its title."""


@dataclass(kw_only=True)
class Letter(Aggregate):
    """One letter to one recipient about one event. ``sealed`` holds a code that only the mail shows."""

    kind: str
    campaign_id: str
    to: Addressee
    state: LetterState
    created: datetime
    message_id: str
    correlation: str = ""
    event_id: str = ""
    name: str = ""
    email: str = ""
    domain: str = ""
    account_id: str = ""
    case_id: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    sealed: str = ""
    good_until: datetime | None = None
    answers: str = ""
    """Message-ID of the mail this letter answers."""
    urgent: bool = False
    due: datetime | None = None
    tries: int = 0
    looked: int = 0
    cut: int = 0
    """How often in a row its sender was cut down with this letter in hand."""
    token: str = ""
    lease_until: datetime | None = None
    possibly_twice: bool = False
    sent_at: datetime | None = None
    reason: str = ""
    resends: int = 0

    # Finding the address

    def reach(self, found: Reached, *, at: datetime) -> None:
        """The address is known: the letter can go, or stays on the site for somebody without e-mail."""
        if self.state is not LetterState.WAITING_FOR_ADDRESS:
            return
        self.name, self.email = found.name, found.email
        self.account_id = found.account_id or self.account_id
        self.domain = found.email.rpartition("@")[2].lower()
        self.values = {**dict(found.facts), **self.values}
        self.due, self.reason = at, ""
        if found.email:
            self.state = LetterState.WAITING
        elif self.account_id and not self.sealed:
            self.state = LetterState.ON_SITE
        else:
            self._end(LetterState.FAILED, "收件人没有电子邮箱，请电话联系。", at=at)

    def look_later(self, *, at: datetime) -> None:
        """Nobody knows the address yet: look again, less and less often, at least every five minutes."""
        if self.state is LetterState.WAITING_FOR_ADDRESS:
            self.looked += 1
            self.due = at + min(timedelta(minutes=5), timedelta(seconds=1) * (1 << min(self.looked, 10)))

    # After a restore

    def hold(self) -> None:
        """It is about something before a restore: it goes only when a person says so, and then says "possibly twice".

        Its Message-ID stays, so that a copy that went out earlier is recognised.
        """
        if self.state in ON_ITS_WAY:
            self.state, self.reason, self.due, self.possibly_twice = LetterState.HELD, HELD_REASON, None, True
            self._let_go()

    def release(self, *, at: datetime) -> None:
        """A person lets it go, to the address known by now."""
        self._must_be_held()
        self.state, self.due = LetterState.WAITING_FOR_ADDRESS, at
        self.tries, self.looked, self.reason = 0, 0, ""

    def set_aside(self, *, at: datetime) -> None:
        """A person decides that it does not go."""
        self._must_be_held()
        self._end(LetterState.FAILED, GIVEN_UP_REASON, at=at)

    def _must_be_held(self) -> None:
        if self.state is not LetterState.HELD:
            raise Refused("letter-not-held", "这封信件没有暂缓发送。", status=409)

    # Sending

    def take(self, token: str, *, at: datetime, lease: timedelta) -> bool:
        """Take it for sending; False when it is not this sender's turn.

        A letter found ``sending`` past its lease was cut down on the way: it may come twice, and says so. One that is
        found so again lets the others go first, and at last is given up: it may be what fells its senders.
        """
        if self.state is LetterState.SENDING and self.lease_until is not None and self.lease_until < at:
            if not self._goes_on(at):
                return False
        elif self.state is not LetterState.WAITING or self.due is None or self.due > at:
            return False
        if self.good_until is not None and self.good_until <= at:
            stale = "信中的代码已过有效期，请重新签发。" if self.kind in SEALED_KINDS else "已过时，没有发送。"
            self.sealed = ""
            self._end(LetterState.FAILED, stale, at=at)
            return False
        self.state = LetterState.SENDING
        self.token, self.lease_until = token, at + lease
        return True

    def _goes_on(self, at: datetime) -> bool:
        """Cut down once more: whether it goes at once, as after the first time."""
        self.cut, self.possibly_twice = self.cut + 1, True
        if self.cut == 1:
            return True
        if self.cut > MOST_CUTS:
            self.sealed = ""
            self._let_go()
            self._end(LetterState.FAILED, CUT_REASON, at=at)
        else:
            self.token, self.lease_until = "", None
            self.state, self.due = LetterState.WAITING, at + FIRST_PAUSE * (1 << (self.cut - 2))
        return False

    def mark_sent(self, token: str, *, at: datetime) -> None:
        """The mail server took it. The sealed code is wiped."""
        if not self._held_by(token):
            return
        self.state, self.sent_at = LetterState.SENT, at
        self.tries += 1
        self.sealed, self.reason = "", ""
        self._let_go()
        self.tell(
            LetterSent(
                letter_id=self.id,
                kind=self.kind,
                message_id=self.message_id,
                tries=self.tries,
                possibly_twice=self.possibly_twice,
                at=at,
            )
        )

    def put_back(self, token: str, *, at: datetime) -> None:
        """The mail server is away: the try does not count."""
        if self._held_by(token):
            self.state, self.due = LetterState.WAITING, at
            self._let_go()

    def put_off(self, token: str, reason: str, *, at: datetime, wait: timedelta | None, unsure: bool = False) -> None:
        """A passing trouble: try again after ``wait``; None means that it had its tries.

        ``unsure`` says that the server may have taken it although its answer was lost.
        """
        if not self._held_by(token):
            return
        self.tries += 1
        self.possibly_twice = self.possibly_twice or unsure
        self.reason = reason
        self._let_go()
        if wait is None:
            self._end(LetterState.FAILED, reason, at=at)
        else:
            self.state, self.due = LetterState.WAITING, at + wait

    def refuse(self, token: str, reason: str, *, at: datetime) -> None:
        """The mail server refused it for good."""
        if self._held_by(token):
            self.tries += 1
            self._let_go()
            self._end(LetterState.BOUNCED, reason, at=at)

    # What comes after

    def bounce(self, message_id: str, reason: str, *, at: datetime) -> None:
        """A bounce message came back for this very mail; one about an earlier sending changes nothing."""
        if message_id == self.message_id and self.state in (LetterState.SENT, LetterState.SENDING):
            self._end(LetterState.BOUNCED, reason, at=at)

    def resend(self, *, at: datetime) -> None:
        """A person asks to send it once more, to the address known by now. It gets a Message-ID of its own."""
        if self.state not in UNDELIVERED:
            raise Refused("letter-not-bounced", "只有退回或未能送达的信件可以重发。", status=409)
        if self.resends >= MOST_RESENDS:
            raise Refused(
                "resent-too-often", f"这封信件已重发{MOST_RESENDS}次，请先电话核对对方的电子邮箱。", status=409
            )
        if self.kind in SEALED_KINDS and not self.sealed:
            raise Refused("code-wiped", "信中的代码已清除，不能重发，请重新签发。", status=409)
        if self.good_until is not None and self.good_until <= at:
            stale = "信中的代码已过有效期，请重新签发。" if self.kind in SEALED_KINDS else "信件已过时，不能重发。"
            raise Refused("code-expired", stale, status=409)
        self.resends += 1
        self.message_id = message_id(self.id, self.message_id.rpartition("@")[2].rstrip(">"), sending=self.resends)
        self.state, self.due = LetterState.WAITING_FOR_ADDRESS, at
        self.tries, self.looked, self.possibly_twice, self.reason = 0, 0, False, ""

    def _held_by(self, token: str) -> bool:
        return self.state is LetterState.SENDING and self.token == token

    def _let_go(self) -> None:
        self.token, self.lease_until, self.cut = "", None, 0

    def _end(self, state: LetterState, reason: str, *, at: datetime) -> None:
        self.state, self.reason, self.due = state, reason, None
        self.tell(LetterBounced(letter_id=self.id, kind=self.kind, reason=reason, at=at))


def message_id(letter_id: str, domain: str, *, sending: int = 0) -> str:
    """The Message-ID of a letter's n-th deliberate sending: repeats after a crash bear the same one."""
    return f"<{letter_id}.{sending}@{domain}>"


def letter_id_of(message_id: str) -> str:
    """The letter a Message-ID of ours belongs to; an empty string for anybody else's."""
    local = message_id.strip().strip("<>").partition("@")[0]
    letter_id, dot, sending = local.rpartition(".")
    return letter_id if dot and sending.isdigit() and len(letter_id) == 36 else ""
