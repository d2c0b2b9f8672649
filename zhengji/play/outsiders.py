"""A downstream team: reads only the topics that are open to it, rebuilds every case, and finds nobody's name there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Record = tuple[str, bytes | None]
"""Key and value."""
OPEN_TOPICS = ("intake.open", "review.open", "certificate.open", "cases.state")
STATE = "cases.state"
PUBLIC_FACE = (
    "case_version",
    "withdrawn_version",
    "published_at",
    "outcome",
    "disqualified",
    "number",
    "title",
    "certificates",
)
"""What of review's cases says how they have to look from outside."""


def rebuilt(records: Iterable[Record], campaign_id: str) -> dict[str, dict[str, Any]]:
    """The last state of each case of a campaign, as the compacted topic tells it; cleared ones are gone."""
    states: dict[str, dict[str, Any]] = {}
    for key, value in records:
        state = json.loads(value) if value else None
        if state is None:
            states.pop(key, None)
        elif state["campaign_id"] == campaign_id:
            states[key] = state
    return states


def differences(states: Mapping[str, Mapping[str, Any]], cases: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where the rebuilt states are not what review's own cases say (``cases`` are its rows)."""
    expected = {case["_id"]: shown for case in cases if (shown := _public_face(case))}
    wrong = [f"cases.state lacks {case_id}" for case_id in expected.keys() - states.keys()]
    wrong += [f"cases.state still holds {case_id}" for case_id in states.keys() - expected.keys()]
    for case_id in expected.keys() & states.keys():
        told = {name: states[case_id][name] for name in expected[case_id]}
        told["certificates"] = sorted(told["certificates"])
        if told != expected[case_id]:
            wrong.append(f"cases.state says {told} of {case_id}, review {expected[case_id]}")
    return wrong


def _public_face(case: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the world may know of a case; None for one that left public sight."""
    listed = bool(case.get("published_at")) and case.get("outcome") in ("exemplary", "showcase")
    gone = case["case_version"] <= case.get("withdrawn_version", 0) or (case.get("disqualified") and not listed)
    if gone:
        return None
    stage = "submitted" if not listed else ("disqualified" if case.get("disqualified") else "published")
    shown = stage == "published"
    return {
        "stage": stage,
        "number": case["number"],
        "title": case["title"] if shown else "",
        "outcome": case["outcome"] if shown else "",
        "certificates": sorted(case.get("certificates", ())) if shown else [],
    }


def names_told(records: Iterable[Record], secrets: Iterable[str]) -> list[str]:
    """Which of these names, mobiles and addresses stand in the records."""
    text = "\n".join(json.dumps(json.loads(value), ensure_ascii=False) for _, value in records if value)
    return sorted({secret for secret in secrets if secret and secret in text})
