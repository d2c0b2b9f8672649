"""Permissions are a table: role × action × whose."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from shared.identity.tokens import Principal

ROLES = ("author", "province", "helper", "expert", "officer", "administrator")
CENTRE = frozenset({"officer", "administrator"})


class Whose(StrEnum):
    """Over whose things an action reaches. The route still checks the thing against it."""

    OWN = "own"  # what this account made or was given
    PROVINCE = "province"  # what belongs to this account's province
    ALL = "all"


PermissionTable = Mapping[str, Mapping[str, Whose]]


def may(table: PermissionTable, principal: Principal | None, action: str) -> frozenset[Whose]:
    """Over whose things the principal may do this; empty means not at all. An unknown action is a KeyError."""
    reach = table[action]
    if principal is None:
        return frozenset()
    return frozenset(reach[role] for role in principal.roles if role in reach)
