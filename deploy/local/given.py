"""What a person set in the environment: which of it steers the local stack, and which is meant for the services."""

from collections.abc import Collection, Mapping

STACK = "ZHENGJI_STACK"
"""Written into stack.env; whoever has sourced that file has this stack's settings, not wishes of his own."""

_STEERING = ("ZHENGJI_VAR", "ZHENGJI_CACHE", "ZHENGJI_SKIP_MEMORY_CHECK", "ZHENGJI_PORT_", "ZHENGJI_LOCAL_")


def without_sourced(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as if no stack.env had been sourced, lest a second stack take the first one's servers.

    A settings file and a person's wish look alike once they are in the environment, so all go but the steering ones.
    """
    if STACK not in environ:
        return dict(environ)
    return {name: text for name, text in environ.items() if not name.startswith("ZHENGJI_") or _steers(name)}


def for_services(environ: Mapping[str, str], *, private: Collection[str]) -> dict[str, str]:
    """The ZHENGJI_ settings a person wants every service to have, such as ZHENGJI_LOG_LEVEL."""
    return {
        name: text
        for name, text in environ.items()
        if name.startswith("ZHENGJI_") and not _steers(name) and name not in private
    }


def others(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of ours and MinIO's: what a program gets of those, the stack gives it."""
    return {name: text for name, text in environ.items() if not name.startswith(("ZHENGJI_", "MINIO_"))}


def _steers(name: str) -> bool:
    return name.startswith(_STEERING)
