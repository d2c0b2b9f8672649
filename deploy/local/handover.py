"""How a web program is replaced under load: the new one starts beside the old one, and the door's way leads to it.

The door speaks to each web program over a socket in the file system, by a link that names the one in service. Turning
the link is what taking a pod out of a Service is in a cluster: whoever connects from then on reaches the new program,
while the old one answers what it has begun and what waits to be accepted. It is told to end when the door can hold no
connection to it any more.
"""

import os

from deploy.local.places import Places

FIRST, SECOND = "a", "b"


def address(name: str) -> str:
    """Where the door connects to, as seen from the stack's folder: the names of sockets may not be long."""
    return f"unix:web/{name}"


def socket_of(places: Places, name: str, turn: str) -> str:
    """What a program binds, which runs in the project's folder."""
    path = places.web / f"{name}.{turn}"
    return min(str(path), os.path.relpath(path, places.root), key=len)


def in_service(places: Places, name: str) -> str:
    """Whose turn it is: FIRST or SECOND."""
    try:
        return SECOND if (places.web / name).readlink().suffix == f".{SECOND}" else FIRST
    except FileNotFoundError:
        return FIRST


def next_turn(turn: str) -> str:
    return FIRST if turn == SECOND else SECOND


def put_in_service(places: Places, name: str, turn: str) -> None:
    """From now on the door connects to this one; in one step, so that there is a way at every moment."""
    made = places.web / f"{name}.link"
    made.unlink(missing_ok=True)
    made.symlink_to(f"{name}.{turn}")
    made.replace(places.web / name)
