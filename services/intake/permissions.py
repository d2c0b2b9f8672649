"""Who may do what in intake: role × action × whose. What is not here is open to anybody."""

from __future__ import annotations

from shared.identity import PermissionTable, Whose

PERMISSIONS: PermissionTable = {
    "own_account": {"author": Whose.OWN},
    "own_cases": {"author": Whose.OWN},
}
