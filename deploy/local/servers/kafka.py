"""Kafka as nodes that are broker and controller in one, run from the jars that Maven fetched."""

import base64
import subprocess
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local.java import java, kafka_classpath
from deploy.local.places import Places
from deploy.local.servers import Choose, Program, member_names
from deploy.local.trouble import failed_step

_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
{quorum}
log.dirs={data}
auto.create.topics.enable=false
num.partitions=6
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=16777216
offsets.topic.num.partitions=6
offsets.topic.replication.factor={copies}
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
default.replication.factor={copies}
min.insync.replicas={in_sync}
group.initial.rebalance.delay.ms=0
"""
# Without this Kafka prints its whole configuration on each start.
_QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
# The first compiler alone: a broker on one machine starts more often than it would gain from the second.
_SMALL = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True)
class _Node:
    name: str
    number: int
    port: int
    controller: int


class Kafka:
    name = "kafka"
    external = "ZHENGJI_KAFKA_SERVERS"
    passed_on: tuple[str, ...] = ()

    def __init__(self, brokers: int = 1) -> None:
        self.names = member_names(self.name, brokers)

    def install(self, places: Places) -> None:
        java(places)
        kafka_classpath(places)

    def programs(self, places: Places, choose: Choose) -> list[Program]:
        nodes = [
            _Node(name, number, choose(name, 9092), choose(f"{name}-controller", 9093))
            for number, name in enumerate(self.names, start=1)
        ]
        servers = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        return [self._program(places, node, nodes, servers) for node in nodes]

    def _program(self, places: Places, node: _Node, nodes: list[_Node], servers: str) -> Program:
        data = places.data(node.name)
        properties = places.etc / f"{node.name}.properties"
        properties.write_text(
            _PROPERTIES.format(
                node=node.number,
                port=node.port,
                controller=node.controller,
                quorum=_quorum(nodes),
                data=data,
                copies=len(nodes),
                in_sync=max(1, len(nodes) - 1),
            )
        )
        run = (java(places), _QUIET, "-cp", kafka_classpath(places))
        if not (data / "meta.properties").exists():
            _format(places, run, properties, alone=len(nodes) == 1)
        return Program(
            name=node.name,
            command=(run[0], *_SMALL, *run[1:], "kafka.Kafka", properties),
            ready=partial(_answers, node),
            settings={self.external: servers},
        )


def _quorum(nodes: list[_Node]) -> str:
    if len(nodes) == 1:
        return f"controller.quorum.bootstrap.servers=127.0.0.1:{nodes[0].controller}"
    voters = ",".join(f"{node.number}@127.0.0.1:{node.controller}" for node in nodes)
    return f"controller.quorum.voters={voters}\nbroker.session.timeout.ms=6000"


def _format(places: Places, run: tuple[str | Path, ...], properties: Path, *, alone: bool) -> None:
    log = places.log_of("kafka-format")
    with log.open("ab") as output:
        code = subprocess.run(
            [
                *run, "kafka.tools.StorageTool", "format", "-t", _cluster(places), "-c", properties,
                *(["--standalone"] if alone else []),
            ],
            stdout=output, stderr=subprocess.STDOUT, check=False,
        ).returncode  # fmt: skip
    if code:
        raise failed_step("Preparing Kafka's data folder", str(log))


def _cluster(places: Places) -> str:
    """The id that all nodes of this stack share."""
    file = places.etc / "kafka-cluster"
    if not file.exists():
        file.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A"))
    return file.read_text()


def _answers(node: _Node) -> bool:
    """Whether the broker counts itself as part of the cluster; only then can topics be made."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{node.port}", bootstrap_timeout_ms=1000)
    except KafkaError:
        return False
    try:
        brokers = admin.describe_cluster()["brokers"]
        return any(broker["broker_id"] == node.number and not broker.get("is_fenced") for broker in brokers)
    except KafkaError:
        return False
    finally:
        admin.close()
