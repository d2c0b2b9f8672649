"""zhengji parked: what a service could not take, in order behind its key."""

from __future__ import annotations

from shared.messaging.operators import Operator
from zhengji.choosing import Row
from zhengji.left_over import Kind, commands, fault


def _state(row: Row) -> str:
    if "drop" in row:
        return "to be dropped"
    if "asked" in row:
        return "to be tried again"
    if not row["error_class"]:
        return "in the queue"
    return f"again at {row['next_try']:%m-%d %H:%M:%S}"


app = commands(
    Kind(
        word="parked",
        about="Events that wait parked.",
        replaying="Have events, and what waits behind them, tried again by the service's worker; twice changes "
        "nothing.",
        dropping="Give events up for their service; later events of their keys go on.",
        find=Operator.parked,
        one=Operator.one_parked,
        replay=Operator.replay_parked,
        drop=Operator.drop_parked,
        columns={
            "id": lambda row: row["_id"],
            "key": lambda row: row["key"].decode("utf-8", "replace"),
            "tries": lambda row: str(row["tries"]),
            "state": _state,
            "error": fault,
        },
    )
)
