"""Every event ever told can still be read, and tells no more than its schema says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from shared.events import schema
from shared.events.base import Event
from shared.events.catalogue import EVENTS, TOPICS
from shared.events.intake import CaseSubmitted
from shared.events.review import CaseState
from shared.events.wire import Message, from_message, to_message, type_of
from shared.trouble import Unreadable
from tests.wire.make_samples import FOLDER, entry_of, file_of, sample_of

ALL = sorted(EVENTS.values(), key=lambda event: event.type())
SAMPLES = sorted(FOLDER.glob("*.json"))


def message_of(sample: dict[str, Any]) -> Message:
    return Message(
        topic=sample["topic"],
        key=sample["key"].encode(),
        value=None if sample["value"] is None else json.dumps(sample["value"]).encode(),
        headers=tuple((name, value.encode()) for name, value in sample["headers"]),
    )


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type())
def test_the_checked_in_schema_is_the_models(event: type[Event]) -> None:
    assert schema.file_of(event).read_text(encoding="utf-8") == schema.text_of(event)


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type())
def test_there_is_a_sample_of_every_event(event: type[Event]) -> None:
    assert file_of(event).is_file()


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_sample_that_was_ever_told_can_be_heard(file: Path) -> None:
    sample = json.loads(file.read_text(encoding="utf-8"))
    heard = from_message(message_of(sample))
    assert heard.type == file.stem == type_of(message_of(sample))
    assert (heard.seq, heard.epoch, heard.correlation) == (1, 1, "c0ffee")


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_sample_fits_the_schema_it_names(file: Path) -> None:
    sample = json.loads(file.read_text(encoding="utf-8"))
    if sample["value"] is None:
        return
    data = sample["value"].get("data", sample["value"])
    checked_in = json.loads((schema.FOLDER / file.name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(checked_in).validate(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(checked_in).validate({**data, "unheard_of": 1})


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type())
def test_listeners_ignore_what_they_do_not_know(event: type[Event]) -> None:
    if event.tombstone:
        return
    message = message_of(sample_of(event))
    body = json.loads(message.value or b"{}")
    body.get("data", body)["unheard_of"] = 1
    newer = Message(message.topic, message.key, json.dumps(body).encode(), message.headers)
    assert from_message(newer).event == from_message(message).event


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type())
def test_a_release_tells_what_a_newer_one_left_in_the_outbox(
    event: type[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a release is rolled back, its relay finds events of types it does not know."""
    entry = entry_of(event)
    told = to_message(entry)
    monkeypatch.setattr("shared.events.catalogue.EVENTS", {})
    assert to_message(entry) == told


# Bad input: each event with a missing field, a wrong type, and a text that is no JSON.
@pytest.mark.parametrize("event", [event for event in ALL if not event.tombstone], ids=lambda event: event.type())
def test_an_event_that_breaks_its_form_is_unreadable_and_says_where(event: type[Event]) -> None:
    message = message_of(sample_of(event))
    body = json.loads(message.value or b"{}")
    required = schema.schema_of(event)["required"][0]

    def changed(change: dict[str, Any]) -> Message:
        data = {**body.get("data", body), **change}
        data = {key: value for key, value in data.items() if value is not ...}
        value = {**body, "data": data} if "data" in body else data
        return Message(message.topic, message.key, json.dumps(value).encode(), message.headers)

    for broken in ({required: ...}, {required: {"not": "a text"}}):
        with pytest.raises(Unreadable, match=required):
            from_message(changed(broken))
    with pytest.raises(Unreadable, match="not JSON"):
        from_message(Message(message.topic, message.key, b"\xff{", message.headers))


def test_an_unknown_type_is_unreadable() -> None:
    message = message_of(sample_of(CaseSubmitted))
    body = json.loads(message.value or b"{}") | {"type": "zhengji.intake.Unheard.v1"}
    with pytest.raises(Unreadable, match="Unheard"):
        from_message(Message(message.topic, message.key, json.dumps(body).encode()))


def test_outsiders_topics_hold_no_personal_data() -> None:
    personal = {"name", "mobile", "email", "unit", "contacts", "authors", "sheet", "account_id", "object_key", "files"}
    for event in ALL:
        if event.topic.endswith(".open") or event.topic == "cases.state":
            assert not personal & set(event.model_fields), event.type()


def test_only_restricted_topics_hold_mobiles_and_mails() -> None:
    for event in ALL:
        if not event.topic.endswith(".restricted"):
            names = json.dumps(schema.schema_of(event))
            assert '"mobile"' not in names and '"email"' not in names, event.type()


def test_case_state_travels_binary_with_the_case_as_key() -> None:
    message = message_of(sample_of(CaseState))
    assert message.header("content-type") == "application/json"
    assert message.key is not None and message.key.decode() == json.loads(message.value or b"")["case_id"]


def test_a_structured_record_names_its_partition_key_and_schema() -> None:
    message = to_message_of(CaseSubmitted)
    body = json.loads(message.value or b"")
    assert message.header("content-type") == "application/cloudevents+json; charset=UTF-8"
    assert body["partitionkey"] == (message.key or b"").decode()
    assert body["dataschema"] == "urn:zhengji:schema:intake:CaseSubmitted:1"


def to_message_of(event: type[Event]) -> Message:
    return message_of(sample_of(event))


def test_every_topic_is_named_by_speaker_and_reader() -> None:
    assert {topic for topic in TOPICS if not topic.startswith("dead.")} <= {
        f"{service}.{reader}"
        for service in ("intake", "validation", "review", "certificate", "notify")
        for reader in ("open", "internal", "restricted")
    } | {"campaign", "cases.state"}


def test_an_instant_without_a_time_zone_is_no_instant() -> None:
    data = json.loads(file_of(CaseSubmitted).read_text(encoding="utf-8"))["value"]["data"]
    with pytest.raises(ValidationError, match="time zone"):
        CaseSubmitted.model_validate(data | {"at": "2024-10-15T00:00:00"})


def test_an_event_larger_than_half_a_megabyte_is_refused_when_it_is_told() -> None:
    from shared.events.wire import Told, outbox_entry
    from tests.wire.make_samples import AT

    event = CaseSubmitted.model_validate(
        json.loads(file_of(CaseSubmitted).read_text(encoding="utf-8"))["value"]["data"] | {"number": "x" * 530_000}
    )
    told = Told(id="e", event=event, subject="s", seq=1, epoch=1, time=AT)
    with pytest.raises(ValueError, match="larger than"):
        to_message(outbox_entry(told))


@pytest.mark.parametrize("time", ["2024-10-10T12:00:00", "yesterday", None])
def test_a_time_without_a_zone_is_unreadable(time: str | None) -> None:
    message = message_of(sample_of(CaseSubmitted))
    body = json.loads(message.value or b"{}") | {"time": time}
    with pytest.raises(Unreadable, match="CaseSubmitted"):
        from_message(Message(message.topic, message.key, json.dumps(body).encode()))
