"""zhengji topics: create what the services speak on, and see that compacted topics end with what was told last."""

from __future__ import annotations

from typing import Annotated

import typer

from shared.events.catalogue import TOPICS
from shared.messaging.states import SPEAKERS
from shared.records import Database
from shared.settings import ServiceSettings
from zhengji.options import VAR, Var
from zhengji.saying import plain
from zhengji.surroundings import settings_of, surroundings

app = typer.Typer(no_args_is_help=True, help="Kafka topics.")


@app.callback()
def about() -> None:
    """Kafka topics."""


@app.command()
def create(
    partitions: Annotated[
        int, typer.Option(min=1, help="Partitions of topics keyed by case; never changed later.")
    ] = 6,
    replication: Annotated[int, typer.Option(min=1)] = 1,
    min_insync: Annotated[int, typer.Option(min=1)] = 1,
    var: Var = VAR,
) -> None:
    """Create every topic that is missing; safe to repeat."""
    from shared.messaging.kafka import KafkaBus  # reads hundreds of schemas

    servers = surroundings(var).get("ZHENGJI_KAFKA_SERVERS")
    if not servers:
        raise typer.BadParameter("ZHENGJI_KAFKA_SERVERS is not set and no stack.env has it", param_hint="--var")
    made = KafkaBus(servers).ensure_topics(partitions=partitions, replication=replication, min_insync=min_insync)
    for topic in TOPICS:
        plain(f"{topic:24} {'created' if topic in made else 'was there'}")


@app.command()
def compare(
    mend: Annotated[bool, typer.Option("--mend", help="Let the service tell again what differs.")] = False,
    var: Var = VAR,
) -> None:
    """Compare compacted topics with what was told last; ends with 1 where they differ and nothing was mended."""
    from shared.messaging.comparing import Comparison
    from shared.messaging.kafka import KafkaBus  # reads hundreds of schemas

    differ = False
    for service in sorted(set(SPEAKERS.values())):
        settings = settings_of(ServiceSettings, var=var, service=service)
        database = Database(service, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
        comparison = Comparison(database, KafkaBus(settings.kafka_servers))
        for topic in comparison.topics:
            found = comparison.differences(topic)
            differ = differ or bool(found)
            for each in found:
                plain(
                    f"{topic:24} {each.key}: ends with {each.ends_with or 'nothing'}, told {each.newest or 'nothing'}"
                )
            told_again = f", {comparison.mend(found)} to be told again" if mend else ""
            plain(f"{topic:24} {len(found)} differ{told_again}")
        database.close()
    if differ and not mend:
        raise typer.Exit(1)
