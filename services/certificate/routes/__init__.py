"""HTTP: who may ask what, and which page answers."""

from __future__ import annotations

from flask import Blueprint

from services.certificate.routes.centre import centre
from services.certificate.routes.public import open_pages
from shared.identity import PermissionTable, Whose

BLUEPRINTS: tuple[Blueprint, ...] = (open_pages, centre)

_CENTRE = {"officer": Whose.ALL, "administrator": Whose.ALL}
PERMISSIONS: PermissionTable = {
    "see_certificates": _CENTRE,
    "revoke_certificate": _CENTRE,
    "correct_certificate": _CENTRE,
    "make_certificate_again": _CENTRE,
}
