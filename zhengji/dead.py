"""zhengji dead: records that belong to nothing a service could find out."""

from __future__ import annotations

from shared.messaging.operators import Operator
from zhengji.choosing import Row
from zhengji.left_over import Kind, commands, fault


def _state(row: Row) -> str:
    if "asked" in row:
        return "to be tried again"
    return f"since {row['first_failed']:%m-%d %H:%M:%S}"


app = commands(
    Kind(
        word="dead",
        about="Records that nobody could read or attribute.",
        replaying="Have records offered to the service's worker once more; twice changes nothing.",
        dropping="Empty dead records; that they were there stays on the record.",
        find=Operator.dead,
        one=Operator.one_dead,
        replay=Operator.replay_dead,
        drop=Operator.drop_dead,
        columns={
            "id": lambda row: row["_id"],
            "tries": lambda row: str(row["tries"]),
            "state": _state,
            "error": fault,
        },
    )
)
