"""Who may do what; everything else here is for anybody."""

from __future__ import annotations

from shared.identity import PermissionTable, Whose

_CENTRE = {"officer": Whose.ALL, "administrator": Whose.ALL}

PERMISSIONS: PermissionTable = {
    "see_certificates": _CENTRE,
    "revoke_certificate": _CENTRE,
    "correct_certificate": _CENTRE,
    "make_certificate_again": _CENTRE,
}
