"""HTTP: who may ask what, and which page answers."""

from __future__ import annotations

from flask import Blueprint

from services.validation.routes.reports import pages
from shared.identity import PermissionTable, Whose

BLUEPRINTS: tuple[Blueprint, ...] = (pages,)

PERMISSIONS: PermissionTable = {
    "read_report": {
        "author": Whose.OWN,
        "province": Whose.PROVINCE,
        "helper": Whose.PROVINCE,
        "officer": Whose.ALL,
        "administrator": Whose.ALL,
    },
}
