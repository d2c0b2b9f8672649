"""Kafka as one node that is broker and controller, run from the jars that Maven fetched."""

import base64
import subprocess
import uuid
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local.java import java, kafka_classpath
from deploy.local.places import Places
from deploy.local.servers import Choose, Program
from deploy.local.trouble import failed_step

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={data}
auto.create.topics.enable=false
num.partitions=6
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=16777216
offsets.topic.num.partitions=6
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""
# Without this Kafka prints its whole configuration on each start.
_QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"


class Kafka:
    name = "kafka"
    external = "ZHENGJI_KAFKA_SERVERS"
    passed_on: tuple[str, ...] = ()

    def install(self, places: Places) -> None:
        java(places)
        kafka_classpath(places)

    def program(self, places: Places, choose: Choose) -> Program:
        port, controller = choose(self.name, 9092), choose("kafka-controller", 9093)
        data = places.data(self.name)
        properties = places.etc / "kafka.properties"
        properties.write_text(_PROPERTIES.format(port=port, controller=controller, data=data))
        run = (java(places), _QUIET, "-cp", kafka_classpath(places))
        if not (data / "meta.properties").exists():
            _format(places, run, properties)
        return Program(
            name=self.name,
            command=(run[0], "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", *run[1:], "kafka.Kafka", properties),
            ready=lambda: _answers(port),
            settings={self.external: f"127.0.0.1:{port}"},
        )


def _format(places: Places, run: tuple[str | Path, ...], properties: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
    log = places.log_of("kafka-format")
    with log.open("wb") as output:
        code = subprocess.run(
            [*run, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties, "--standalone"],
            stdout=output, stderr=subprocess.STDOUT, check=False,
        ).returncode  # fmt: skip
    if code:
        raise failed_step("Preparing Kafka's data folder", str(log))


def _answers(port: int) -> bool:
    """Whether the broker counts itself as part of the cluster; only then can topics be made."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", bootstrap_timeout_ms=1000)
    except KafkaError:
        return False
    try:
        brokers = admin.describe_cluster()["brokers"]
        return any(not broker.get("is_fenced") for broker in brokers)
    except KafkaError:
        return False
    finally:
        admin.close()
