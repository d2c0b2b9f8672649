"""What clients saw while things broke: appended by many threads, a line each, so that a killed run keeps its history.

An operation is written when it is asked for and again when it is answered. What was asked and never answered may have
happened or not: its outcome is unknown.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from zhengji.play.book import Book, Receipt

Json = dict[str, Any]


class Outcome(StrEnum):
    """What came of an operation, as far as its client knows."""

    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # no answer: it may have happened, once, or not at all


class Kind(StrEnum):
    """What a client can ask for. Other kinds may be recorded; these are the ones that the checker follows up."""

    REGISTER = "register"
    SUBMIT = "submit"
    REPLACE = "replace"
    WITHDRAW = "withdraw"
    RECOMMEND = "recommend"
    TAKE_OFF = "take_off"
    SCORE = "score"


HANDED_IN = (Kind.SUBMIT, Kind.REPLACE)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One wish of one person. ``about`` is the case, the mobile or the province it concerns, ``got`` what was shown."""

    id: str
    person: str
    kind: str
    about: str
    asked: datetime
    answered: datetime | None = None
    outcome: Outcome = Outcome.UNKNOWN
    said: str = ""
    got: Mapping[str, Any] = field(default_factory=dict)

    @property
    def took(self) -> timedelta | None:
        """From the asking to the answer."""
        return self.answered - self.asked if self.answered else None

    @property
    def receipt(self) -> Receipt | None:
        """The receipt it was answered with."""
        if self.kind not in HANDED_IN or self.outcome is not Outcome.OK or "number" not in self.got:
            return None
        times = {name: datetime.fromisoformat(self.got[name]) for name in ("asked", "shown")}
        return Receipt(**{**self.got, **times})


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A value that was looked at: ``what`` is ``places`` (used of ``limit`` by a province) or ``outbox_age`` (s)."""

    at: datetime
    what: str
    of: str
    value: float
    limit: float | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that was broken on purpose. ``effect`` is what could be observed of it."""

    id: str
    kind: str
    target: str
    began: datetime
    ended: datetime | None = None
    recovered: datetime | None = None
    effect: str = ""

    @property
    def recovery(self) -> timedelta | None:
        """From the end of the fault until everything worked again."""
        return self.recovered - self.ended if self.recovered and self.ended else None

    def touches(self, began: datetime, ended: datetime | None) -> bool:
        """Whether it lasted, or was still being recovered from, at any moment of this span."""
        over = self.recovered or self.ended
        return (ended is None or self.began <= ended) and (over is None or over >= began)


Entry = Operation | Sample | Fault
_KINDS: dict[str, type[Entry]] = {"operation": Operation, "sample": Sample, "fault": Fault}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True)
class Past:
    """A history as it was read back, in the order in which things were asked for, looked at and broken."""

    operations: tuple[Operation, ...] = ()
    samples: tuple[Sample, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """Every receipt that somebody holds, in the order of the answers."""
        answered = sorted(self.operations, key=lambda each: each.answered or each.asked)
        return tuple(found for each in answered if (found := each.receipt) is not None)

    def disturbed(self, operation: Operation) -> bool:
        """Whether something was broken, or was recovering, at any time between the asking and the answer."""
        answered = operation.answered or operation.asked
        return any(fault.touches(operation.asked, answered) for fault in self.faults)

    @property
    def book(self) -> Book:
        """The receipts as the accounting of a play takes them; those taken back are marked."""
        book = Book()
        for each in sorted(self.operations, key=lambda each: each.answered or each.asked):
            if receipt := each.receipt:
                book.keep(receipt)
            elif each.kind == Kind.WITHDRAW and each.outcome is Outcome.OK:
                book.took_back(each.about)
        return book


def past_of(book: Book) -> Past:
    """What a play's book tells: every receipt was asked for, and taken back where it says so."""
    operations = []
    for number, each in enumerate(book.receipts):
        wish = Operation(
            id=str(number),
            person=each.author,
            kind=Kind.SUBMIT,
            about=each.case_id,
            asked=each.asked,
            answered=each.shown,
            outcome=Outcome.OK,
            got=_as_shown(each),
        )
        operations.append(wish)
        if each.withdrawn:
            operations.append(replace(wish, id=f"{number} back", kind=Kind.WITHDRAW, got={}))
    return Past(operations=tuple(operations))


class History:
    """A file to which many threads append, and which can be read at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_off_half_a_line(path)
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def record(self, entry: Entry) -> None:
        """Append; an entry with the id of an earlier one takes its place when the history is read."""
        line = json.dumps({"entry": _NAMES[type(entry)], **asdict(entry)}, ensure_ascii=False, default=_plain)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()  # the kernel has it: killing this process loses nothing

    @contextmanager
    def asking(self, person: str, kind: str, about: str = "") -> Iterator[Asked]:
        """Inside the block it is under way; without ``ok``, ``holds`` or ``refused`` nobody knows."""
        asked = Asked(Operation(id=uuid.uuid4().hex, person=person, kind=kind, about=about, asked=_now()))
        self.record(asked.operation)
        try:
            yield asked
        except BaseException as error:
            if asked.operation.outcome is Outcome.UNKNOWN:
                asked.operation = replace(asked.operation, said=f"{type(error).__name__}: {error}"[:500])
            raise
        finally:
            self.record(replace(asked.operation, answered=_now()))

    def fault(self, kind: str, target: str) -> Breaking:
        """A fault begins now."""
        return Breaking(self, Fault(id=uuid.uuid4().hex, kind=kind, target=target, began=_now()))

    def sample(self, what: str, of: str, value: float, limit: float | None = None) -> None:
        """Something was looked at now."""
        self.record(Sample(at=_now(), what=what, of=of, value=value, limit=limit))

    def read(self) -> Past:
        """Everything so far; a last line that was cut off by a kill is passed over."""
        return read_history(self.path)

    def close(self) -> None:
        """Write no more."""
        self._file.close()


class Asked:
    """An operation under way."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def ok(self, *, about: str = "", **got: Any) -> None:
        """It was answered with a yes."""
        self._answered(Outcome.OK, about=about, got=got)

    def holds(self, receipt: Receipt) -> None:
        """It was answered with a receipt."""
        self._answered(Outcome.OK, about=receipt.case_id, got=_as_shown(receipt))

    def refused(self, said: str, *, about: str = "") -> None:
        """It was answered with a no."""
        self._answered(Outcome.REFUSED, about=about, said=said)

    def _answered(self, outcome: Outcome, *, about: str, said: str = "", got: Mapping[str, Any] | None = None) -> None:
        about = about or self.operation.about
        self.operation = replace(self.operation, outcome=outcome, about=about, said=said, got=got or {})


class Breaking:
    """A fault under way: each thing that is learnt of it is on the record at once."""

    def __init__(self, history: History, fault: Fault) -> None:
        self._history = history
        self.fault = fault
        history.record(fault)

    def saw(self, effect: str) -> None:
        """What could be observed of it; several observations are joined."""
        self._learn(effect="; ".join(filter(None, (self.fault.effect, effect))))

    def ended(self) -> None:
        """What was broken is whole again, or starts again, from now on."""
        self._learn(ended=_now())

    def recovered(self) -> None:
        """Everything works again since now."""
        self._learn(recovered=_now(), ended=self.fault.ended or _now())

    def _learn(self, **what: Any) -> None:
        self.fault = replace(self.fault, **what)
        self._history.record(self.fault)


def read_history(path: Path) -> Past:
    """A history from its file."""
    found: dict[str, dict[str, Entry]] = {name: {} for name in _KINDS}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if not line.endswith("\n"):
                break  # the process was killed while it wrote
            row = json.loads(line)
            name = row.pop("entry")
            entry = _entry(_KINDS[name], row)
            found[name][row.get("id", str(number))] = entry
    return Past(
        operations=tuple(each for each in found["operation"].values() if isinstance(each, Operation)),
        samples=tuple(each for each in found["sample"].values() if isinstance(each, Sample)),
        faults=tuple(each for each in found["fault"].values() if isinstance(each, Fault)),
    )


def _cut_off_half_a_line(path: Path) -> None:
    """What a killed run was writing is no entry, and must not run together with the next one."""
    if path.is_file():
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.rfind(b"\n") + 1])


_TIMES = frozenset({"at", "asked", "answered", "began", "ended", "recovered"})


def _entry(kind: type[Entry], row: Json) -> Entry:
    for name in _TIMES & row.keys():
        row[name] = datetime.fromisoformat(row[name]) if row[name] else None
    if "outcome" in row:
        row["outcome"] = Outcome(row["outcome"])
    return kind(**row)


def _as_shown(receipt: Receipt) -> Json:
    """Histories are kept: the author's password is not."""
    shown: Json = json.loads(json.dumps(asdict(receipt) | {"password": ""}, default=_plain))
    return shown


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in a history")


def _now() -> datetime:
    return datetime.now(UTC)
