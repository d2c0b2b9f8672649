"""What a run with faults gave, for people: a page of tables, a picture of the time, and the findings as JSON."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from tests.faults.checker import Findings, Name
from tests.faults.history import HANDED_IN, Fault, History, Operation, Outcome, Past
from tests.faults.picture import timeline

MEANING = {
    Name.LOST: "acknowledged, and not there",
    Name.UNSEEN: "told, and without its effect at a listener",
    Name.INVERSION: "a later event of a subject first on its topic",
    Name.GAP: "an event of a subject missing on its topic",
    Name.GHOST: "there, and nothing that was kept tells of it",
    Name.DOUBLE: "there twice",
    Name.STALE: "a compacted topic that ends with an older value",
    Name.OVER_QUOTA: "more cases than places, at any moment",
    Name.BROKEN_CHAIN: "an entry of the record of decisions that does not hold",
    Name.STUCK: "untold, parked, dead, undone or unsent at the end",
    Name.WRONG: "what the accounting of the campaign finds besides",
}
_ANOMALIES_SHOWN = 50


def write_results(folder: Path, history: History | Past, findings: Findings, meta: Mapping[str, str]) -> None:
    """``results.md``, ``timeline.svg`` and ``findings.json``. ``meta``: seed, minutes, commit and the like."""
    past = history.read() if isinstance(history, History) else history
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(report(past, findings, meta), encoding="utf-8")
    (folder / "timeline.svg").write_text(timeline(past, title=_title(meta, findings)), encoding="utf-8")
    plain = {
        "meta": dict(meta),
        "anomalies": [asdict(each) for each in findings.anomalies],
        "by_name": findings.by_name,
        "figures": dict(findings.figures),
    }
    text = json.dumps(plain, ensure_ascii=False, indent=1, default=str)
    (folder / "findings.json").write_text(text + "\n", encoding="utf-8")


def report(past: Past, findings: Findings, meta: Mapping[str, str]) -> str:
    """The page, in Markdown."""
    parts = [
        f"# {_title(meta, findings)}",
        "![What was broken, and what people noticed](timeline.svg)",
        table(("", ""), meta.items()),
        "## Figures",
        table(("", ""), figures(past, findings)),
        "## Anomalies",
        table(
            ("Name", "Meaning", "Found"),
            ((name, MEANING[Name(name)], count) for name, count in findings.by_name.items()),
        ),
        *_anomalies(findings),
        "## Faults by kind",
        table(("Fault", "Times", "Targets", "With an effect", "Longest", "Longest recovery"), _by_kind(past.faults)),
        "## What people asked for",
        table(("Wish", "Yes", "No", "No answer", "p50", "p99"), _by_wish(past.operations)),
        "## Events by topic",
        table(("Topic", "Told", "Records", "Of these repeats"), _by_topic(findings)),
        "## Each fault",
        table(("At", "Fault", "Target", "Lasted", "Recovered after", "Observed"), _each_fault(past)),
    ]
    return "\n\n".join(parts) + "\n"


def figures(past: Past, findings: Findings) -> list[tuple[str, str]]:
    """The figures that count."""
    counted, receipts = findings.figures, findings.figures["receipts"]
    seconds = _lasted(past)
    recoveries = [each.recovery for each in past.faults if each.recovery is not None]
    calm, rough = submit_seconds(past)
    return [
        ("receipts", f"{receipts} ({receipts / seconds:.1f}/s)" if seconds else str(receipts)),
        ("faults", str(len(past.faults))),
        ("faults with an observed effect", str(sum(bool(each.effect) for each in past.faults))),
        ("longest recovery", _span(max(recoveries, default=None))),
        ("events told", str(findings.told_by_topic.total())),
        ("effects owed to listeners, and seen", f"{counted['effects owed']}, {counted['effects seen']}"),
        ("records on the topics, repeats among them", f"{findings.records_by_topic.total()}, {counted['repeats']}"),
        ("letters, mails that came twice", f"{counted['letters']}, {counted['letters twice']}"),
        ("submit without faults, p50 and p99", _quantiles(calm)),
        ("submit during faults, p50 and p99", _quantiles(rough)),
        ("anomalies", str(len(findings.anomalies))),
    ]


def submit_seconds(past: Past) -> tuple[list[float], list[float]]:
    """How long people waited for receipts: without faults, and while something was broken or recovering."""
    calm, rough = list[float](), list[float]()
    for operation in past.operations:
        if operation.kind in HANDED_IN and operation.outcome is Outcome.OK and operation.took is not None:
            (rough if past.disturbed(operation) else calm).append(operation.took.total_seconds())
    return calm, rough


def quantile(values: Sequence[float], share: float) -> float:
    """The value within which this share of all lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; numbers stand to the right."""
    kept = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    if not kept:
        return "None."
    right = [all(row[at][:1].isdigit() for row in kept) for at in range(len(head))]
    lines = [list(map(str, head)), ["--:" if each else "---" for each in right], *kept]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _title(meta: Mapping[str, str], findings: Findings) -> str:
    verdict = "clean" if findings.clean else f"{len(findings.anomalies)} anomalies"
    return f"Under fire, seed {meta.get('seed', '?')}: {verdict}"


def _anomalies(findings: Findings) -> list[str]:
    if findings.clean:
        return []
    shown = [
        (each.name.value, each.what, ", ".join(f"{name} {value}" for name, value in each.evidence.items()))
        for each in findings.anomalies[:_ANOMALIES_SHOWN]
    ]
    more = len(findings.anomalies) - len(shown)
    return [table(("Name", "What", "Evidence"), shown), *([f"And {more} more, in `findings.json`."] if more else [])]


def _by_kind(faults: Sequence[Fault]) -> list[tuple[object, ...]]:
    kinds: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        kinds[fault.kind].append(fault)
    return [
        (
            kind,
            len(each),
            ", ".join(f"{target} {times}" for target, times in sorted(Counter(one.target for one in each).items())),
            sum(bool(one.effect) for one in each),
            _span(max((one.ended - one.began for one in each if one.ended), default=None)),
            _span(max((one.recovery for one in each if one.recovery is not None), default=None)),
        )
        for kind, each in sorted(kinds.items())
    ]


def _by_wish(operations: Sequence[Operation]) -> list[tuple[object, ...]]:
    kinds: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        kinds[operation.kind].append(operation)
    rows: list[tuple[object, ...]] = []
    for kind, each in sorted(kinds.items()):
        outcomes = Counter(one.outcome for one in each)
        answered = [one.took.total_seconds() for one in each if one.outcome is Outcome.OK and one.took is not None]
        p50, p99 = (_seconds(quantile(answered, share)) if answered else "" for share in (0.5, 0.99))
        rows.append((kind, *(outcomes[outcome] for outcome in Outcome), p50, p99))
    return rows


def _by_topic(findings: Findings) -> list[tuple[object, ...]]:
    topics = sorted(findings.told_by_topic.keys() | findings.records_by_topic.keys())
    told, records = findings.told_by_topic, findings.records_by_topic
    return [(topic, told[topic], records[topic], max(0, records[topic] - told[topic])) for topic in topics]


def _each_fault(past: Past) -> list[tuple[object, ...]]:
    start = beginning(past)
    return [
        (
            _clock(each.began - start) if start else "",
            each.kind,
            each.target,
            _span(each.ended - each.began if each.ended else None),
            _span(each.recovery),
            each.effect or "nothing",
        )
        for each in sorted(past.faults, key=lambda each: each.began)
    ]


def beginning(past: Past) -> datetime | None:
    """When the first thing happened."""
    times = [each.asked for each in past.operations] + [each.began for each in past.faults]
    return min(times, default=None)


def _lasted(past: Past) -> float:
    asked = [each.asked for each in past.operations if each.kind in HANDED_IN]
    return (max(asked) - min(asked)).total_seconds() if asked else 0.0


def _quantiles(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return f"{_seconds(quantile(values, 0.5))}, {_seconds(quantile(values, 0.99))} (of {len(values)})"


def _span(span: timedelta | None) -> str:
    return _seconds(span.total_seconds()) if span is not None else ""


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _clock(since: timedelta) -> str:
    minutes, seconds = divmod(int(since.total_seconds()), 60)
    return f"{minutes}:{seconds:02}"
