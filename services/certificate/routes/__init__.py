"""HTTP in, command or query, page or JSON out."""

from __future__ import annotations

from flask import Blueprint

from services.certificate.routes.centre import centre
from services.certificate.routes.public import open_pages

BLUEPRINTS: tuple[Blueprint, ...] = (open_pages, centre)
