"""One command, ratios side by side: submissions, relay, upload, and how long a report takes."""

from __future__ import annotations

import io
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import structlog
from kafka import KafkaProducer
from pymongo.collection import Collection

from bench.cases import ACCOUNT, Stored, new_intake, open_campaign, put_draft, store_file
from bench.report import submit_to_report
from bench.rounds import HEADING, Ratio, in_threads, machine, side_by_side
from services.intake.app import App
from services.intake.handlers.cases import SubmitCase, submit_case
from shared.campaign.model import Campaign
from shared.clock import system_clock
from shared.events.wire import to_message
from shared.messaging.kafka import KafkaBus
from shared.messaging.relay import Relay
from shared.objects import PART_BYTES
from shared.records.database import Row

THREADS = 8
SUBMISSIONS = 160
EVENTS = 4000
UPLOAD_BYTES = 32 * 1024 * 1024


def two_files(app: App) -> tuple[Stored, Stored]:
    """Files that every draft may share where nobody reads them."""
    document = store_file(app, b"document", role="document", name="案例.docx")
    return document, store_file(app, b"material", role="material", name="通知.pdf", kind="announcement")


def submissions(app: App, campaign: Campaign, files: tuple[Stored, Stored]) -> Ratio:
    """submit_case against insert_one of the very document it leaves behind; majority and journal on both sides."""
    bare: Collection[Row] = app.database.collection("bare")

    def submit(case_id: str) -> None:
        command = SubmitCase(case_id=case_id, account_id=ACCOUNT, received_at=system_clock(), command=f"s-{case_id}")
        submit_case(app, command)

    drafts: dict[int, list[str]] = {}

    def ours(number: int) -> float:
        return in_threads(THREADS, drafts[number], submit)

    def limit(number: int) -> float:
        sample = app.database.collection("cases").find_one({"_id": drafts[number][0]})
        assert sample is not None

        def insert(_: str) -> None:
            bare.insert_one({**sample, "_id": uuid.uuid4().hex})

        return in_threads(THREADS, drafts[number], insert)

    def prepare(number: int) -> None:
        drafts[number] = [put_draft(app, campaign, *files) for _ in range(SUBMISSIONS)]

    return side_by_side("submit / pymongo insert", "cases", ours=ours, limit=limit, prepare=prepare)


def relaying(app: App, campaign: Campaign, files: tuple[Stored, Stored], servers: str) -> Ratio:
    """The relay, from outbox to mark, against a bare producer with the same records, acks and idempotence."""
    bus = KafkaBus(servers)
    relay = Relay(app.database, bus)
    _drain(relay)
    producer = KafkaProducer(bootstrap_servers=servers.split(","), acks="all", linger_ms=5)
    waiting: dict[int, list[Row]] = {}

    def prepare(number: int) -> None:
        waiting[number] = _drafts_with_news(app, put_draft(app, campaign, *files))

    def ours(_: int) -> float:
        return float(_drain(relay))

    def limit(number: int) -> float:
        messages = [to_message(entry) for entry in waiting[number]]
        futures = [
            producer.send(each.topic, key=each.key, value=each.value, headers=list(each.headers)) for each in messages
        ]
        for future in futures:
            future.get(timeout=30)
        return float(len(futures))

    result = side_by_side("relay / KafkaProducer", "events", ours=ours, limit=limit, prepare=prepare)
    producer.close()
    relay.close()
    return result


def _drafts_with_news(app: App, like: str) -> list[Row]:
    """Copy a draft with two untold events until as many wait as one round needs; gives the events."""
    cases = app.database.collection("cases")
    sample = cases.find_one({"_id": like})
    assert sample is not None
    copies: list[Row] = []
    for _ in range(EVENTS // len(sample["outbox"]) - 1):
        id_ = str(uuid.uuid4())
        told = [{**entry, "id": str(uuid.uuid4()), "subject": id_, "key": id_} for entry in sample["outbox"]]
        copies.append({**sample, "_id": id_, "outbox": told})
    cases.insert_many(copies, ordered=False)
    return [entry for each in (sample, *copies) for entry in each["outbox"]]


def _drain(relay: Relay) -> int:
    told = 0
    while step := relay.step():
        told += step
    return told


def uploading(app: App) -> Ratio:
    """Presigned parts, one after the other as a browser sends them, against minio-py with the same parts."""
    payload = os.urandom(UPLOAD_BYTES)
    client = httpx.Client(timeout=60)

    def ours(number: int) -> float:
        key = f"bench/ours-{number}"
        upload = app.objects.start_upload(key)
        for at in range(0, UPLOAD_BYTES, PART_BYTES):
            address = app.objects.part_address(
                key, upload_id=upload, number=at // PART_BYTES + 1, lasting=timedelta(minutes=5)
            )
            client.put(address, content=payload[at : at + PART_BYTES]).raise_for_status()
        parts = app.objects.parts(key, upload_id=upload)
        app.objects.complete_upload(key, upload_id=upload, parts=parts)
        return UPLOAD_BYTES / 1e6

    def limit(number: int) -> float:
        app.objects._inside.put_object(
            app.settings.s3_bucket, f"bench/bare-{number}", io.BytesIO(payload), UPLOAD_BYTES, part_size=PART_BYTES,
            num_parallel_uploads=1,
        )  # fmt: skip
        return UPLOAD_BYTES / 1e6

    return side_by_side("upload / minio-py", "MB", ours=ours, limit=limit)


@contextmanager
def intake(campaign: Campaign) -> Iterator[App]:
    """An intake that is dropped afterwards."""
    app = new_intake(campaign, f"bench_{uuid.uuid4().hex[:8]}")
    try:
        yield app
    finally:
        app.database.client.drop_database(app.database.db.name)
        app.database.close()


def main() -> None:
    """Print the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    servers = os.environ["ZHENGJI_KAFKA_SERVERS"]
    KafkaBus(servers).ensure_topics()
    campaign = open_campaign()
    print(machine())
    median, p99, count = submit_to_report(campaign, servers)  # first: what follows fills the topics
    print(f"submit to report: {count} cases, median {median:.2f} s, p99 {p99:.2f} s", flush=True)
    print(HEADING)
    with intake(campaign) as app:
        files = two_files(app)
        print(submissions(app, campaign, files).line(), flush=True)
        print(relaying(app, campaign, files, servers).line(), flush=True)
        print(uploading(app).line(), flush=True)
    print(machine())


if __name__ == "__main__":
    main()
