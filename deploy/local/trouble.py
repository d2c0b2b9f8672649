"""What can go wrong on a machine, each said in one sentence that a person can act on."""


class CannotGoOn(Exception):
    """Set-up or start cannot go on; the message is the whole sentence shown on screen."""


def port_taken(name: str, port: int, setting: str) -> CannotGoOn:
    return CannotGoOn(f"{name} cannot use port {port}: another program holds it; free it, or change {setting}.")


def no_free_port(name: str) -> CannotGoOn:
    return CannotGoOn(f"No port between 20000 and 31999 is free for {name}; stop another stack with `make down`.")


def not_enough_memory(need_mb: int, free_mb: int) -> CannotGoOn:
    return CannotGoOn(
        f"The servers need about {need_mb} MB of memory and only {free_mb} MB are free; "
        "close other programs, or set ZHENGJI_SKIP_MEMORY_CHECK=1 to try anyway."
    )


def not_enough_disk(place: str, need_mb: int, free_mb: int) -> CannotGoOn:
    return CannotGoOn(
        f"{place} has {free_mb} MB free and {need_mb} MB are needed; free some space or set ZHENGJI_CACHE."
    )


def no_registry(what: str, tool: str) -> CannotGoOn:
    return CannotGoOn(f"{what} failed: the registry that {tool} asks did not answer; check the network and run again.")


def missing_tool(what: str, tool: str) -> CannotGoOn:
    return CannotGoOn(f"{what} needs {tool}, which is not installed; run `make install` first.")


def wrong_checksum(name: str) -> CannotGoOn:
    return CannotGoOn(f"{name} is not the file we know (its SHA-256 differs), so nothing of it was kept; run again.")


def cannot_install(packages: str) -> CannotGoOn:
    return CannotGoOn(f"System packages are missing and cannot be installed without root or sudo; ask for: {packages}.")


def ended_early(name: str, log: str) -> CannotGoOn:
    return CannotGoOn(f"{name} ended while starting; the reason is at the end of {log}.")


def not_ready(name: str, seconds: float, log: str) -> CannotGoOn:
    return CannotGoOn(f"{name} was not ready after {seconds:.0f} seconds; see {log}.")


def unknown_program(name: str, known: list[str]) -> CannotGoOn:
    return CannotGoOn(f"There is no program named {name!r}; there are {', '.join(known)}.")


def no_topics(servers: str) -> CannotGoOn:
    return CannotGoOn(f"The topics could not be made: Kafka at {servers} did not answer.")


def failed_step(what: str, log: str) -> CannotGoOn:
    return CannotGoOn(f"{what} failed; the reason is at the end of {log}.")
