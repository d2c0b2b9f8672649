"""What must be done once before our programs start: topics, indexes, the bucket, the certificate authority."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from deploy.local.fetching import run_client
from deploy.local.places import Places
from deploy.local.say import say
from deploy.local.table import SERVICES
from deploy.local.trouble import no_topics
from shared.messaging.kafka import KafkaBus
from shared.trouble import Away


def do_first_things(
    places: Places, *, kafka: str, copies: int, environment_of: Callable[[str], Mapping[str, str]]
) -> None:
    """Create the topics and run every service's `migrate` role, side by side; all of it is safe to repeat."""
    migrations = [partial(_migrate, places, name, environment_of(name)) for name in SERVICES]
    with ThreadPoolExecutor(max_workers=3) as pool:
        for done in [pool.submit(step) for step in (partial(_make_topics, kafka, copies), *migrations)]:
            done.result()


def _make_topics(kafka: str, copies: int) -> None:
    """Topics for our own nodes; where an external Kafka wants copies, its operator makes them (`zhengji topics`)."""
    say("Making the topics")
    try:
        KafkaBus(kafka).ensure_topics(replication=copies, min_insync=max(1, copies - 1))
    except Away as away:
        raise no_topics(kafka) from away


def _migrate(places: Places, service: str, env: Mapping[str, str]) -> None:
    log = places.log_of(f"preparing-{service}")
    command = [str(places.python), "-m", f"services.{service}", "migrate"]
    run_client(f"Preparing {service}", command, log=log, env=env, cwd=places.root)
