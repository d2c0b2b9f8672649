"""One rule after the other: a history and a system that agree, one thing changed, and by which name it is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.checker import Findings, Name, check
from tests.faults.events import SHORTLIST_CHANGED
from tests.faults.history import Fault, Kind, Operation, Outcome, Past, Sample
from tests.faults.leaves import LEAVES
from tests.faults.observed import (
    Behind,
    Case,
    Document,
    Effect,
    Letter,
    Need,
    Observed,
    OnTopic,
    Quota,
    Spot,
    Told,
    Version,
)

NOON = datetime(2024, 10, 10, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SUBMITTED = "zhengji.intake.CaseSubmittedInFull.v1"
TOPIC, STATE, LISTS = "intake.internal", "cases.state", "review.internal"
EMAIL = "author@example.org"


class Agreeing:
    """One case with one receipt, its events, its letter, its marks: all of it agrees until a test changes it."""

    def __init__(self) -> None:
        self.operations = [
            wish(Kind.REGISTER, "13800000000"),
            wish(Kind.SUBMIT, "case", got=shown(1)),
            wish(Kind.RECOMMEND, "case"),
            wish(Kind.SCORE, "case", got={"expert": "e"}),
        ]
        self.faults: list[Fault] = []
        self.samples = [Sample(at=NOON, what="places", of="110000", value=1, limit=1)]
        self.told = [told(1), told(2, kind="zhengji.intake.FileArrived.v1"), state(1), state(2), listing()]
        self.records = [on_topic(each, at) for at, each in enumerate(self.told)]
        self.documents = [
            Document(service="intake", collection="cases", id="case", told={TOPIC: 2}, heard={}),
            Document(service="review", collection="cases", id="case", told={STATE: 2}, heard={MARK: Spot(1, 2)}),
            Document(service="review", collection="shortlists", id="list", told={LISTS: 1}, heard={}),
        ]
        self.effects = [
            Effect(service="intake", what="account", of="13800000000"),
            Effect(service="notify", what="letter receipt", of="letter", cause=self.told[0].id),
            Effect(service="review", what="mark", of="case:e"),
        ]
        version = Version(version=1, withdrawn=False, files={"document:a.docx": ("abc", "abc")})
        self.case = Case(id="case", number="N", versions=(version,), reported=frozenset({1}))
        self.letter = Letter(
            id="letter",
            of="event/receipt/author",
            kind="receipt",
            event_id=self.told[0].id,
            state="sent",
            to=EMAIL,
            message_ids=frozenset({"<letter.0@zhengji>"}),
            possibly_twice=False,
            created=NOON,
            sent=NOON + SECOND,
            case="case",
            case_version=1,
        )
        self.letters = [self.letter]
        self.mails = defaultdict(list, {EMAIL: ["<letter.0@zhengji>"]})
        self.quotas = [Quota(province="110000", limit=1, case_ids=("case",))]
        self.cases = [self.case]
        self.behind: list[Behind] = []
        self.stuck: list[str] = []
        self.chains: list[str] = []
        self.wrong: list[str] = []

    def findings(self) -> Findings:
        """What the checker says."""
        observed = Observed(
            topics=(TOPIC, STATE, LISTS),
            records=lambda topic: [each for each in self.records if each.topic == topic],
            told=lambda topic: [each for each in self.told if each.topic == topic],
            needs=needs,
            compacted=frozenset({STATE}),
            documents=self.documents,
            effects=self.effects,
            cases=self.cases,
            letters=self.letters,
            mails=lambda address: self.mails[address],
            quotas=self.quotas,
            behind=self.behind,
            stuck=self.stuck,
            broken_chains=self.chains,
            wrong=self.wrong,
        )
        return check(Past(tuple(self.operations), tuple(self.samples), tuple(self.faults)), observed)

    def version(self, **changes: object) -> None:
        """Change the one version."""
        changed = replace(self.case.versions[0], **changes)  # type: ignore[arg-type]  # as the test says
        self.cases = [replace(self.case, versions=(changed,))]

    def twice(self, *, owns_up: bool, cut: str = "") -> None:
        """The one mail lies there twice."""
        self.mails[EMAIL] *= 2
        self.letters = [replace(self.letter, possibly_twice=owns_up)]
        if cut:
            self.faults.append(Fault(id="f", kind="kill", target=cut, began=NOON, ended=NOON, recovered=NOON))


MARK = "intake:internal/case"


def wish(kind: Kind, about: str, outcome: Outcome = Outcome.OK, got: dict[str, object] | None = None) -> Operation:
    return Operation(
        id=f"{kind}/{about}/{outcome}",
        person="p",
        kind=kind,
        about=about,
        asked=NOON,
        answered=NOON + SECOND,
        outcome=outcome,
        got=got or {},
    )


def shown(version: int) -> dict[str, object]:
    same = dict.fromkeys(("title", "category", "province", "author", "mobile", "password"), "")
    times = {"asked": NOON.isoformat(), "shown": NOON.isoformat()}
    sha256 = {"document:a.docx": "abc"}
    return {**same, **times, "case_id": "case", "number": "N", "version": version, "email": EMAIL, "sha256": sha256}


def told(seq: int, *, kind: str = SUBMITTED, topic: str = TOPIC, subject: str = "case", id_: str = "") -> Told:
    data = {"case_id": "case", "case_version": seq, "listed": True}
    id_ = id_ or f"{topic}/{subject}/{seq}"
    return Told(service="s", id=id_, topic=topic, type=kind, subject=subject, key="case", spot=Spot(1, seq), data=data)


def state(seq: int) -> Told:
    return told(seq, kind="zhengji.review.CaseState.v1", topic=STATE)


def listing() -> Told:
    return told(1, kind=SHORTLIST_CHANGED, topic=LISTS, subject="list")


def on_topic(each: Told, offset: int, *, partition: int = 0) -> OnTopic:
    return OnTopic(
        topic=each.topic,
        partition=partition,
        offset=offset,
        key=each.key,
        id=each.id,
        type=each.type,
        subject=each.subject,
        spot=each.spot,
    )


def needs(each: Told) -> list[Need]:
    if each.type != SUBMITTED:
        return []
    return [Need(service="review", marked="case", made=True), Need(service="notify", what="letter receipt")]


def again(world: Agreeing) -> None:
    """The relay told everything once more."""
    world.records += [replace(each, offset=each.offset + 10) for each in world.records]


def in_other_partitions(world: Agreeing) -> None:
    first, second, *rest = world.records
    world.records = [replace(second, partition=1), first, *rest]


def taken_back(world: Agreeing) -> None:
    world.operations.append(wish(Kind.WITHDRAW, "case"))
    world.version(withdrawn=True)
    world.cases = [replace(world.cases[0], reported=frozenset())]


FINE: dict[str, Callable[[Agreeing], None]] = {
    "nothing is changed": lambda world: None,
    "everything was told twice": again,
    "two keys of a subject lie in two partitions": in_other_partitions,
    "a wish without an answer did not happen": lambda world: world.operations.append(
        wish(Kind.SUBMIT, "case", Outcome.UNKNOWN)
    ),
    "a wish without an answer happened": lambda world: world.operations.__setitem__(
        1, wish(Kind.SUBMIT, "case", Outcome.UNKNOWN)
    ),
    "a version was taken back before its report": taken_back,
    "a mail came twice, owns up, and its sender was killed": lambda world: world.twice(
        owns_up=True, cut="notify-sender"
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_may_happen_is_clean(case: str) -> None:
    world = Agreeing()
    FINE[case](world)
    assert str(world.findings()) == "clean"


def hears_too_little(world: Agreeing) -> None:
    world.documents[1] = replace(world.documents[1], heard={MARK: Spot(0, 9)})


def tells_backwards(world: Agreeing) -> None:
    world.records[:2] = [replace(world.records[1], offset=0), replace(world.records[0], offset=1)]


def never_tells_the_second(world: Agreeing) -> None:
    del world.told[1], world.records[1]


def tells_what_nobody_kept(world: Agreeing) -> None:
    world.records.append(replace(world.records[0], id="other", subject="case-2", offset=9))


def tells_what_was_rolled_back(world: Agreeing) -> None:
    extra = told(3, kind="zhengji.intake.FileArrived.v1")
    world.told.append(extra)
    world.records.append(on_topic(extra, 9))


def two_events_in_one_place(world: Agreeing) -> None:
    extra = told(2, kind="zhengji.intake.FileArrived.v1", id_="other")
    world.told.append(extra)
    world.records.append(on_topic(extra, 9))


def ends_with_an_old_state(world: Agreeing) -> None:
    world.records.append(replace(world.records[2], offset=9))


def a_second_version(world: Agreeing) -> None:
    world.cases = [replace(world.case, versions=(*world.case.versions, replace(world.case.versions[0], version=2)))]


def an_unknown_case(world: Agreeing) -> None:
    world.cases.append(replace(world.case, id="case-2"))


def no_letter(world: Agreeing) -> None:
    world.letters = []
    del world.effects[1]


WRONG: dict[str, tuple[Callable[[Agreeing], object], set[Name]]] = {
    "the case is gone": (lambda world: world.cases.clear(), {Name.LOST}),
    "the case has another number": (
        lambda world: world.cases.__setitem__(0, replace(world.case, number="M")),
        {Name.LOST},
    ),
    "the store holds other bytes": (lambda world: world.version(files={"document:a.docx": ("abc", "x")}), {Name.LOST}),
    "a file is gone": (lambda world: world.version(files={}), {Name.LOST}),
    "no report": (lambda world: world.cases.__setitem__(0, replace(world.case, reported=frozenset())), {Name.LOST}),
    "the event never reached its topic": (lambda world: world.records.pop(0), {Name.LOST, Name.GAP}),
    "no letter": (no_letter, {Name.LOST, Name.UNSEEN}),
    "a letter that is sent and did not come": (lambda world: world.mails.clear(), {Name.LOST}),
    "a confirmed withdrawal is not there": (
        lambda world: world.operations.append(wish(Kind.WITHDRAW, "case")),
        {Name.LOST},
    ),
    "a confirmed account is not there": (lambda world: world.effects.pop(0), {Name.LOST}),
    "confirmed marks are not there": (lambda world: world.effects.pop(2), {Name.LOST}),
    "a confirmed recommendation is not there": (
        lambda world: (world.told.pop(), world.records.pop(), world.documents.pop()),
        {Name.LOST},
    ),
    "a listener has heard less": (hears_too_little, {Name.UNSEEN}),
    "a listener made no document": (
        lambda world: world.documents.__setitem__(1, replace(world.documents[1], service="validation")),
        {Name.UNSEEN},
    ),
    "a group has not read to the end": (
        lambda world: world.behind.append(Behind(group="review", topic=TOPIC, partition=0, records=3)),
        {Name.UNSEEN},
    ),
    "a later event first": (tells_backwards, {Name.INVERSION}),
    "an event is missing": (never_tells_the_second, {Name.GAP}),
    "an event that nobody kept": (tells_what_nobody_kept, {Name.GHOST}),
    "an event that no document knows of": (tells_what_was_rolled_back, {Name.GHOST}),
    "a case that nobody asked for": (an_unknown_case, {Name.GHOST}),
    "a mail that is no letter": (lambda world: world.mails[EMAIL].append("<x@y>"), {Name.GHOST}),
    "two events in one place": (two_events_in_one_place, {Name.DOUBLE, Name.LOST}),
    "an effect twice": (lambda world: world.effects.append(world.effects[2]), {Name.DOUBLE}),
    "a letter written twice": (lambda world: world.letters.append(replace(world.letter, to="")), {Name.DOUBLE}),
    "a version more than was asked for": (a_second_version, {Name.DOUBLE}),
    "one receipt for two wishes": (
        lambda world: world.operations.append(replace(world.operations[1], id="second")),
        {Name.DOUBLE},
    ),
    "a mail came twice and does not own up": (lambda world: world.twice(owns_up=False, cut="mail"), {Name.DOUBLE}),
    "a mail came twice though its sender was never cut": (
        lambda world: world.twice(owns_up=True, cut="kafka-1"),
        {Name.DOUBLE},
    ),
    "a case has two places": (
        lambda world: world.quotas.append(Quota(province="120000", limit=1, case_ids=("case",))),
        {Name.DOUBLE},
    ),
    "a compacted topic ends with an old state": (ends_with_an_old_state, {Name.STALE}),
    "too many places for a moment": (
        lambda world: world.samples.append(replace(world.samples[0], value=2)),
        {Name.OVER_QUOTA},
    ),
    "too many places at the end": (
        lambda world: world.quotas.__setitem__(0, Quota(province="110000", limit=1, case_ids=("case", "other"))),
        {Name.OVER_QUOTA},
    ),
    "a chain is broken": (lambda world: world.chains.append("review: entry 7"), {Name.BROKEN_CHAIN}),
    "something is stuck": (lambda world: world.stuck.append("intake: 3 parked"), {Name.STUCK}),
    "the accounting finds something": (lambda world: world.wrong.append("no certificate for case"), {Name.WRONG}),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_called_by_its_name(case: str) -> None:
    change, names = WRONG[case]
    world = Agreeing()
    change(world)
    findings = world.findings()
    assert {each.name for each in findings.anomalies} == names, str(findings)
    assert sum(findings.by_name.values()) == len(findings.anomalies)


def test_every_name_has_a_rule_that_gives_it() -> None:
    assert set().union(*(names for _, names in WRONG.values())) == set(Name)


def test_every_reaction_says_what_it_leaves() -> None:
    from services.certificate.handlers import REACTIONS as CERTIFICATE
    from services.intake.handlers import REACTIONS as INTAKE
    from services.notify.handlers import REACTIONS as NOTIFY
    from services.review.handlers import REACTIONS as REVIEW
    from services.validation.handlers import REACTIONS as VALIDATION

    reactions = {
        "intake": INTAKE,
        "validation": VALIDATION,
        "review": REVIEW,
        "certificate": CERTIFICATE,
        "notify": NOTIFY,
    }
    assert {service: set(leaves) for service, leaves in LEAVES.items()} == {
        service: set(each) for service, each in reactions.items()
    }
