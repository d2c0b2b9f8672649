"""Holds what clients saw against what the system holds: nothing lost, nothing unseen, out of order, invented or double.

Pure functions of a history and an ``Observed``. An operation without an answer may have happened once or not at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.events import Anomaly, Name, Telling, check_events
from tests.faults.history import HANDED_IN, Fault, History, Kind, Operation, Outcome, Past
from tests.faults.observed import Case, Letter, Observed, Version
from zhengji.play.book import Receipt

__all__ = ["Anomaly", "Findings", "Name", "check"]

CARRIES_LETTERS = ("notify", "mail", "smtp", "mongo")
"""What must be broken, by a part of its name, for a letter to come twice."""
_SHOWN = 20


@dataclass(frozen=True)
class Findings:
    """What is wrong, and the figures of the run."""

    anomalies: tuple[Anomaly, ...] = ()
    figures: Counter[str] = field(default_factory=Counter)
    told_by_topic: Counter[str] = field(default_factory=Counter)
    records_by_topic: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.anomalies

    @property
    def by_name(self) -> dict[str, int]:
        """How many anomalies of each name; every name is in it."""
        counted = Counter(each.name for each in self.anomalies)
        return {name.value: counted[name] for name in Name}

    def __str__(self) -> str:
        lines = [f"{name}: {count}" for name, count in self.by_name.items() if count]
        shown = [f"  {each.name}: {each.what} {each.evidence or ''}" for each in self.anomalies[:_SHOWN]]
        more = len(self.anomalies) - _SHOWN
        return "\n".join(["clean"] if self.clean else [*lines, *shown, *([f"  and {more} more"] if more > 0 else [])])


def check(history: History | Past, observed: Observed) -> Findings:
    """Everything there is to find."""
    past = history.read() if isinstance(history, History) else history
    telling = check_events(observed)
    here = _Check(past, observed, telling, list(telling.anomalies), telling.figures)
    here.receipts()
    here.other_operations()
    here.letters()
    here.quotas()
    here.leftovers()
    here.count()
    return Findings(tuple(here.found), here.figures, telling.told_by_topic, telling.records_by_topic)


@dataclass
class _Check:
    past: Past
    observed: Observed
    telling: Telling
    found: list[Anomaly]
    figures: Counter[str]

    def is_wrong(self, name: Name, what: str, **evidence: Any) -> None:
        self.found.append(Anomaly(name, what, evidence))

    def count(self) -> None:
        """Figures of the history."""
        self.figures["receipts"] = len(self.past.receipts)
        for operation in self.past.operations:
            self.figures[f"{operation.kind} {operation.outcome}"] += 1

    def asked(self, *kinds: str) -> dict[str, list[Operation]]:
        """Operations of these kinds by what they are about."""
        about: dict[str, list[Operation]] = defaultdict(list)
        for operation in self.past.operations:
            if operation.kind in kinds:
                about[operation.about].append(operation)
        return about

    # Receipts

    def receipts(self) -> None:
        """Every receipt has its case, version, files, event, report; no case has versions that nobody asked for."""
        held: dict[str, list[Receipt]] = defaultdict(list)
        for receipt in self.past.receipts:
            held[receipt.case_id].append(receipt)
        wishes, withdrawals = self.asked(*HANDED_IN), self.asked(Kind.WITHDRAW)
        for case in self.observed.cases:
            self._case(case, held.pop(case.id, []), wishes.get(case.id, []), withdrawals.get(case.id, []))
        for case_id, receipts in held.items():
            for each in receipts:
                self.is_wrong(Name.LOST, "a receipt without its case", case=case_id, number=each.number)

    def _case(self, case: Case, receipts: list[Receipt], wishes: list[Operation], back: list[Operation]) -> None:
        versions = {each.version: each for each in case.versions}
        if len(versions) < len(case.versions):
            self.is_wrong(Name.DOUBLE, "two versions under one number", case=case.id)
        for number, copies in Counter(each.version for each in receipts).items():
            if copies > 1:
                self.is_wrong(Name.DOUBLE, "one version answered two wishes", case=case.id, version=number)
        for receipt in receipts:
            version = versions.get(receipt.version)
            if version is None or case.number != receipt.number:
                self.is_wrong(Name.LOST, "a receipt without its version", case=case.id, version=receipt.version)
                continue
            self._files(case, receipt, version)
            self._followed(case, version)
        self._no_more_than_asked(case, "version", len(case.versions), wishes)
        withdrawn = sum(each.withdrawn for each in case.versions)
        self._no_more_than_asked(case, "withdrawal", withdrawn, back)
        if withdrawn < sum(each.outcome is Outcome.OK for each in back):
            self.is_wrong(Name.LOST, "a withdrawal that was confirmed", case=case.id)

    def _no_more_than_asked(self, case: Case, what: str, there: int, wishes: list[Operation]) -> None:
        possible = sum(each.outcome is not Outcome.REFUSED for each in wishes)
        if there > possible:
            name = Name.DOUBLE if wishes else Name.GHOST
            self.is_wrong(name, f"a {what} that nobody asked for", case=case.id, there=there, asked=possible)

    def _files(self, case: Case, receipt: Receipt, version: Version) -> None:
        names = set(receipt.sha256) | set(version.files)
        for name in sorted(names):
            client, kept = receipt.sha256.get(name), version.files.get(name)
            if client is None or kept is None or not client == kept[0] == kept[1]:
                self.is_wrong(Name.LOST, "a file, or its content", case=case.id, version=version.version, file=name)

    def _followed(self, case: Case, version: Version) -> None:
        """What follows from a submission; a version that was taken back before its turn needs no report."""
        here = {"case": case.id, "version": version.version}
        events = self.telling.submissions[(case.id, version.version)]
        if events != 1:
            self.is_wrong(Name.DOUBLE if events else Name.LOST, f"{events} events for one receipt", **here)
        if version.version not in case.reported and not version.withdrawn:
            self.is_wrong(Name.LOST, "a receipt without its report", **here)

    # What else people did

    def other_operations(self) -> None:
        """Accounts, recommendations and marks: what was confirmed is there, and nothing twice."""
        for mobile, wishes in self.asked(Kind.REGISTER).items():
            if _confirmed(wishes) and ("account", mobile) not in self.telling.things:
                self.is_wrong(Name.LOST, "an account that was confirmed", mobile=mobile)
        for case_id, wishes in self.asked(Kind.RECOMMEND).items():
            listed = self.telling.listings[case_id]
            if _confirmed(wishes) and not listed:
                self.is_wrong(Name.LOST, "a recommendation that was confirmed", case=case_id)
            if listed > sum(each.outcome is not Outcome.REFUSED for each in wishes):
                self.is_wrong(Name.DOUBLE, "recommended more often than asked", case=case_id, listed=listed)
        for case_id, wishes in self.asked(Kind.SCORE).items():
            for each in wishes:
                if (
                    each.outcome is Outcome.OK
                    and ("mark", f"{case_id}:{each.got['expert']}") not in self.telling.things
                ):
                    self.is_wrong(Name.LOST, "marks that were confirmed", case=case_id, expert=each.got["expert"])

    # Letters

    def letters(self) -> None:
        """Each letter once; in its mailbox once, or once more for each time its sender was cut down."""
        by_address: dict[str, list[Letter]] = defaultdict(list)
        written, receipts = Counter[str](), Counter[tuple[str, int]]()
        for letter in self.observed.letters:
            by_address[letter.to].append(letter)
            written[letter.of] += 1
            if letter.kind == "receipt" and letter.state == "sent":
                receipts[(letter.case, letter.case_version)] += 1
        for of, copies in written.items():
            if copies > 1:
                self.is_wrong(Name.DOUBLE, "one letter written twice", letter=of, copies=copies)
        if by_address or self.past.receipts:
            for receipt in self.past.receipts:
                if not receipts[(receipt.case_id, receipt.version)]:
                    self.is_wrong(Name.LOST, "a receipt without its letter", case=receipt.case_id)
        self.figures["letters"] = written.total()
        for address, letters in by_address.items():
            if address:
                self._mailbox(address, letters)

    def _mailbox(self, address: str, letters: list[Letter]) -> None:
        mails = Counter(self.observed.mails(address))
        for letter in letters:
            copies = sum(mails.pop(message_id, 0) for message_id in letter.message_ids)
            here = {"letter": letter.id, "kind": letter.kind, "to": address}
            if not copies and letter.state == "sent":
                self.is_wrong(Name.LOST, "a letter that is said to be sent", **here)
            extra = copies - len(letter.message_ids)
            if extra <= 0:
                continue
            self.figures["letters twice"] += extra
            if not letter.possibly_twice:
                self.is_wrong(Name.DOUBLE, "a letter came twice and does not say so", **here, copies=copies)
            elif extra > (cuts := sum(_may_cut(fault, letter) for fault in self.past.faults)):
                self.is_wrong(Name.DOUBLE, "a letter came more often than its sender was cut", **here, cuts=cuts)
        for message_id, copies in mails.items():
            self.is_wrong(Name.GHOST, "a mail that is no letter", to=address, message_id=message_id, copies=copies)

    # Places

    def quotas(self) -> None:
        """Never above the limit: not at the end, and at no moment somebody looked."""
        holders: dict[str, str] = {}
        for quota in self.observed.quotas:
            if len(quota.case_ids) > quota.limit:
                self.is_wrong(Name.OVER_QUOTA, "at the end", province=quota.province, used=len(quota.case_ids))
            for case_id in quota.case_ids:
                if case_id in holders:
                    self.is_wrong(Name.DOUBLE, "two places for one case", case=case_id, province=quota.province)
                holders[case_id] = quota.province
        for sample in self.past.samples:
            if sample.what == "places" and sample.limit is not None and sample.value > sample.limit:
                self.is_wrong(Name.OVER_QUOTA, "for a moment", province=sample.of, used=sample.value, at=sample.at)

    # The rest

    def leftovers(self) -> None:
        """Nothing waits, nothing is broken."""
        for behind in self.observed.behind:
            evidence = {"group": behind.group, "topic": behind.topic, "partition": behind.partition}
            self.is_wrong(Name.UNSEEN, f"{behind.records} records were not read", **evidence)
        self._each(Name.STUCK, self.observed.stuck)
        self._each(Name.BROKEN_CHAIN, self.observed.broken_chains)
        self._each(Name.WRONG, self.observed.wrong)

    def _each(self, name: Name, whats: Iterable[str]) -> None:
        for what in whats:
            self.is_wrong(name, what)


def _confirmed(wishes: Iterable[Operation]) -> bool:
    return any(each.outcome is Outcome.OK for each in wishes)


def _may_cut(fault: Fault, letter: Letter) -> bool:
    """Whether a fault can have cut a letter's sender between the server's answer and the mark."""
    return any(part in fault.target for part in CARRIES_LETTERS) and fault.touches(letter.created, letter.sent)
