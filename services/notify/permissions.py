"""Who may do what in notify: role × action × whose. What is not here is open to anybody."""

from __future__ import annotations

from shared.identity import PermissionTable, Whose

_EVERYBODY = ("author", "province", "helper", "expert", "officer", "administrator")
_CENTRE = {"officer": Whose.ALL, "administrator": Whose.ALL}

PERMISSIONS: PermissionTable = {
    "read_messages": dict.fromkeys(_EVERYBODY, Whose.OWN),
    "see_letters": _CENTRE,
    "resend_letters": _CENTRE,
    "see_inbox": _CENTRE,
    "settle_mails": _CENTRE,
}
