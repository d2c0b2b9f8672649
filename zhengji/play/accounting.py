"""After the play: looks at the truth, through doors and (reading only) in databases, and counts what is wrong."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from zhengji.play.book import Book, Receipt
from zhengji.play.outsiders import OPEN_TOPICS, PUBLIC_FACE, STATE, Record, differences, names_told, rebuilt
from zhengji.play.post import Letter

Row = dict[str, Any]
STILL_GOING = ("waiting_for_address", "waiting", "sending")


@dataclass(frozen=True)
class Truth:
    """Where the accounting looks. ``databases`` by service, for reading only."""

    databases: Mapping[str, Database[Row]]
    read_object: Callable[[str], Iterator[bytes]]
    letters: Callable[[str], list[Letter]]
    """What lies in a mailbox."""
    topics: Callable[[], Mapping[str, int]]
    """Records on each topic (end offsets)."""
    told_on: Callable[[str], Sequence[Record]]
    """Every record still on a topic, in the order of each key."""
    broken_record: Callable[[str], int | None]
    """The first entry of a service's record of decisions that does not hold."""


@dataclass
class Account:
    """What was found. ``wrong`` is empty when every number is right."""

    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    receipts: int = 0
    cases_by_stage: Counter[str] = field(default_factory=Counter)
    events_by_topic: Counter[str] = field(default_factory=Counter)
    told_by_topic: Counter[str] = field(default_factory=Counter)
    letters_by_state: Counter[str] = field(default_factory=Counter)
    letters_by_kind: Counter[str] = field(default_factory=Counter)
    certificates: Counter[str] = field(default_factory=Counter)
    possibly_twice: int = 0
    seconds_to_report: list[float] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether nothing is lost, double or wrong."""
        return not (self.lost or self.double or self.wrong)

    def quantile(self, share: float) -> float:
        """Seconds from submit to report within which ``share`` of all versions had theirs."""
        ordered = sorted(self.seconds_to_report)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def take_account(
    book: Book,
    truth: Truth,
    *,
    campaign_id: str,
    before: Mapping[str, int] | None = None,
    secrets: Sequence[str] = (),
) -> Account:
    """Hold the clients' book against the truth.

    ``before`` are the topics' records before the play, ``secrets`` the names, mobiles and addresses of its people.
    """
    account = Account(receipts=len(book.receipts))
    here = _Accounting(book, truth, campaign_id, account)
    here.receipts()
    here.stages()
    here.events(before or {})
    here.letters()
    here.certificates()
    here.outsiders(secrets)
    here.leftovers()
    return account


@dataclass(frozen=True)
class _Accounting:
    book: Book
    truth: Truth
    campaign_id: str
    account: Account

    def rows(self, service: str, collection: str, query: Row, *only: str) -> list[Row]:
        """Plain rows of a service."""
        projection = dict.fromkeys(only, 1) or {"outbox": 0}
        return list(self.truth.databases[service][collection].find(query, projection))

    # Receipts

    def receipts(self) -> None:
        """Every receipt a client holds: case, version, files, event, report, letter."""
        ids = sorted({each.case_id for each in self.book.receipts})
        query = {"_id": {"$in": ids}}
        cases = {row["_id"]: row for row in self.rows("intake", "cases", query, "number", "versions")}
        reports = {row["_id"]: row for row in self.rows("validation", "reports", query, "versions")}
        told = self._submissions_told()
        letters = self._receipt_letters()
        for receipt in self.book.receipts:
            version = self._version(cases.get(receipt.case_id), receipt)
            if version is None:
                self.account.lost.append(f"{receipt.number} v{receipt.version}: the case or the version is gone")
                continue
            self._files(receipt, version)
            self._once(told[(receipt.case_id, receipt.version)], f"{receipt.number} v{receipt.version}: event told")
            self._once(letters[(receipt.case_id, receipt.version)], f"{receipt.number} v{receipt.version}: letter")
            self._report(receipt, version, reports.get(receipt.case_id))
        self._numbers(cases)
        self._mailboxes()

    @staticmethod
    def _version(case: Row | None, receipt: Receipt) -> Row | None:
        if case is None or case.get("number") != receipt.number:
            return None
        found = [each for each in case["versions"] if each["version"] == receipt.version]
        return found[0] if len(found) == 1 else None

    def _files(self, receipt: Receipt, version: Row) -> None:
        """What the store holds has the hash that the client computed before sending."""
        kept = {f"{file['role']}:{file['name']}": file for file in version["files"]}
        if set(kept) != set(receipt.sha256):
            self.account.lost.append(f"{receipt.number}: files {sorted(set(receipt.sha256) ^ set(kept))}")
            return
        for name, sha256 in receipt.sha256.items():
            stored = hashlib.sha256(b"".join(self.truth.read_object(kept[name]["object_key"]))).hexdigest()
            if not kept[name]["sha256"] == sha256 == stored:
                self.account.lost.append(f"{receipt.number}: {name} has another hash")

    def _report(self, receipt: Receipt, version: Row, report: Row | None) -> None:
        found = [each for each in (report or {}).get("versions", []) if each["version"] == receipt.version]
        made = found[0].get("conclusion") if found else None
        if not made:
            withdrawn = version.get("withdrawn_at") is not None
            if not withdrawn:  # what was taken back before its turn needs no report
                self.account.lost.append(f"{receipt.number} v{receipt.version}: no report")
            return
        self.account.seconds_to_report.append((made["at"] - version["received_at"]).total_seconds())

    def _submissions_told(self) -> Counter[tuple[str, int]]:
        query = {"type": "zhengji.intake.CaseSubmittedInFull.v1", "data.campaign_id": self.campaign_id}
        rows = self.rows("intake", "told_events", query, "data.case_id", "data.case_version")
        return Counter((row["data"]["case_id"], row["data"]["case_version"]) for row in rows)

    def _receipt_letters(self) -> Counter[tuple[str, int]]:
        query = {"kind": "receipt", "campaign_id": self.campaign_id, "state": "sent"}
        rows = self.rows("notify", "letters", query, "case_id", "values.case_version")
        return Counter((row["case_id"], row["values"]["case_version"]) for row in rows)

    def _once(self, count: int, what: str) -> None:
        if count == 0:
            self.account.lost.append(f"{what}: never")
        elif count > 1:
            self.account.double.append(f"{what}: {count} times")

    def _numbers(self, cases: Mapping[str, Row]) -> None:
        query = {"campaign_id": self.campaign_id, "number": {"$ne": None}}
        everything = self.rows("intake", "cases", query, "number")
        for number, count in Counter(row["number"] for row in everything).items():
            if count > 1:
                self.account.double.append(f"number {number}: {count} cases")
        unknown = {row["_id"] for row in everything} - set(cases)
        self.account.wrong += [f"case {case_id} was submitted and nobody has its receipt" for case_id in unknown]

    def _mailboxes(self) -> None:
        """The receipts as they lie in the authors' mailboxes; only what says so may lie there twice."""
        wanted = Counter((each.email, each.number) for each in self.book.receipts)
        twice = {row["message_id"] for row in self.rows("notify", "letters", {"possibly_twice": True}, "message_id")}
        self.account.possibly_twice = len(twice)
        for email in sorted({email for email, _ in wanted}):
            letters = self.truth.letters(email)
            seen = Counter(letter.message_id for letter in letters)
            for message_id, count in seen.items():
                if count > 1 and message_id not in twice:
                    self.account.double.append(f"{email}: {message_id} lies there {count} times")
            for (to, number), count in wanted.items():
                if to == email:
                    got = {letter.message_id for letter in letters if number in letter.subject and _is_receipt(letter)}
                    if len(got) != count:
                        self.account.lost.append(f"{email}: {len(got)} receipts of {count} for {number} by mail")

    # Everything else

    def stages(self) -> None:
        """Where each case stands in review; every standing receipt must have a case there."""
        rows = self.rows("review", "cases", {"campaign_id": self.campaign_id})
        known = {row["_id"]: row for row in rows}
        for row in rows:
            self.account.cases_by_stage[_stage(row)] += 1
        for case_id, receipt in self.book.standing().items():
            case = known.get(case_id)
            if case is None or case["case_version"] != receipt.version:
                self.account.lost.append(f"{receipt.number} v{receipt.version}: review has not got it")
        intake = {row["_id"] for row in self.rows("intake", "cases", {"campaign_id": self.campaign_id}, "_id")}
        self.account.lost += [f"case {case_id} is in review but not in intake" for case_id in known.keys() - intake]

    def events(self, before: Mapping[str, int]) -> None:
        """Kafka's own count against what the services believe to have told."""
        now = self.truth.topics()
        for topic, end in now.items():
            self.account.events_by_topic[topic] = end - before.get(topic, 0)
        for service in self.truth.databases:
            groups = self.truth.databases[service]["told_events"].aggregate(
                [{"$group": {"_id": "$topic", "told": {"$sum": 1}}}]
            )
            for group in groups:
                self.account.told_by_topic[group["_id"]] += group["told"]
        for topic, told in self.account.told_by_topic.items():
            if now.get(topic, 0) < told:
                self.account.lost.append(f"{topic}: {told} told but {now.get(topic, 0)} on the topic")
        self._one_event_one_effect()

    def _one_event_one_effect(self) -> None:
        for service in self.truth.databases:
            for collection in ("told_events",):
                rows = self.truth.databases[service][collection].aggregate(
                    [
                        {
                            "$group": {
                                "_id": {"s": "$subject", "t": "$topic", "e": "$epoch", "q": "$seq"},
                                "n": {"$sum": 1},
                            }
                        },
                        {"$match": {"n": {"$gt": 1}}},
                    ]
                )
                self.account.double += [f"{service} told {row['_id']} {row['n']} times" for row in rows]

    def letters(self) -> None:
        """Letters by state; none may still be on its way, fail or be written twice for one event and recipient."""
        rows = self.rows(
            "notify",
            "letters",
            {"campaign_id": self.campaign_id},
            "state",
            "kind",
            "event_id",
            "email",
            "case_id",
            "account_id",
            "reason",
        )
        self.account.letters_by_state = Counter(row["state"] for row in rows)
        self.account.letters_by_kind = Counter(row["kind"] for row in rows)
        for row in rows:
            if row["state"] in ("failed", "bounced", *STILL_GOING):
                self.account.wrong.append(
                    f"letter {row['kind']} {row['_id']} is {row['state']}: {row.get('reason', '')}"
                )
        owed = Counter((row["event_id"], row["kind"], row.get("email"), row.get("account_id")) for row in rows)
        self.account.double += [f"letter {key} {count} times" for key, count in owed.items() if count > 1]

    def certificates(self) -> None:
        """One certificate for each author of each published case, numbers unique, disqualified ones revoked."""
        rows = self.rows("certificate", "certificates", {"campaign_id": self.campaign_id})
        published = [
            row
            for row in self.rows("review", "cases", {"campaign_id": self.campaign_id})
            if row.get("published_at") and row.get("outcome") in ("exemplary", "showcase")
        ]
        owed = {(row["_id"], place) for row in published for place in range(len(row["authors"]))}
        made = Counter((row["case_id"], row["author"]) for row in rows if row["issues"])
        self.account.lost += [f"no certificate for {key}" for key in sorted(owed - set(made))]
        self.account.wrong += [f"a certificate that nobody is owed: {key}" for key in sorted(set(made) - owed)]
        self.account.double += [f"certificate {key} {count} times" for key, count in made.items() if count > 1]
        numbers = Counter(number for row in rows for number in row["numbers"])
        self.account.double += [f"certificate number {number}" for number, count in numbers.items() if count > 1]
        out = {row["_id"] for row in published if row.get("disqualified")}
        for row in rows:
            revoked = bool(row.get("revocation"))
            self.account.certificates["revoked" if revoked else row["outcome"]] += 1
            if revoked != (row["case_id"] in out):
                self.account.wrong.append(f"certificate {row['numbers']} of {row['case_id']}: revoked is {revoked}")

    def outsiders(self, secrets: Sequence[str]) -> None:
        """What the open topics tell: the whole state of each case, and of nobody the name (X1, X3)."""
        submitted = {"campaign_id": self.campaign_id, "case_version": {"$gt": 0}}
        cases = self.rows("review", "cases", submitted, *PUBLIC_FACE)
        states = rebuilt(self.truth.told_on(STATE), self.campaign_id)
        self.account.wrong += differences(states, cases)
        for topic in OPEN_TOPICS:
            told = names_told(self.truth.told_on(topic), secrets)
            self.account.wrong += [f"{topic} tells {secret}" for secret in told]

    def leftovers(self) -> None:
        """Nothing waits untold, parked, dead or undone."""
        for service in self.truth.databases:
            if (entry := self.truth.broken_record(service)) is not None:
                self.account.wrong.append(f"{service}: entry {entry} of the record of decisions does not hold")
        self.account.wrong += left_over(self.truth.databases)


def take_public_account(truth: Truth, *, campaign_id: str, secrets: Sequence[str] = ()) -> Account:
    """What can be held against itself without a book: certificates against results, open topics against cases."""
    account = Account()
    here = _Accounting(Book(), truth, campaign_id, account)
    here.certificates()
    here.outsiders(secrets)
    return account


def left_over(databases: Mapping[str, Database[Row]]) -> Iterator[str]:
    """What waits untold, parked, dead or undone."""
    for service, database in databases.items():
        for name in database.list_collection_names():
            if untold := database[name].count_documents({"outbox.0": {"$exists": True}}):
                yield f"{service}.{name}: {untold} documents with untold events"
            if name.startswith("jobs_"):
                undone = {"state": {"$in": ["waiting", "running", "failed"]}}
                if open_jobs := database[name].count_documents(undone):
                    yield f"{service}.{name}: {open_jobs} jobs not done"
        for name in ("parked", "dead", "breaker"):
            if stuck := database[name].count_documents({}):
                yield f"{service}: {stuck} {name}"


def settled(truth: Truth) -> bool:
    """Whether the services have nothing left to do."""
    try:
        for database in truth.databases.values():
            for name in database.list_collection_names():
                busy: Row = {"outbox.0": {"$exists": True}}
                if name.startswith("jobs_"):
                    busy = {"$or": [busy, {"state": {"$in": ["waiting", "running"]}}]}
                if name == "letters":
                    busy = {"$or": [busy, {"state": {"$in": list(STILL_GOING)}}]}
                if database[name].find_one(busy, {"_id": 1}):
                    return False
    except PyMongoError:
        return False
    return True


def _is_receipt(letter: Letter) -> bool:
    return "报送成功" in letter.subject or "更新报送" in letter.subject


def _stage(case: Row) -> str:
    """The furthest stage a case came to."""
    if case.get("disqualified"):
        return "disqualified"
    if case.get("published_at"):
        return str(case["outcome"])
    if case["case_version"] <= case.get("withdrawn_version", 0):
        return "withdrawn"
    if case.get("recommended_at"):
        eligible = (case.get("eligibility") or {}).get("eligible")
        return "recommended" if eligible is None else ("judged" if eligible else "not eligible")
    return "submitted"
