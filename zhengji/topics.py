"""zhengji topics: create what the services speak on."""

from __future__ import annotations

from typing import Annotated

import typer

from shared.events.catalogue import TOPICS
from zhengji.options import VAR, Var
from zhengji.saying import plain
from zhengji.surroundings import surroundings

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
