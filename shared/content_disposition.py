"""The header under which a browser keeps a file."""

from __future__ import annotations

from urllib.parse import quote


def as_attachment(name: str) -> str:
    """``Content-Disposition`` for a file of this name, in any language (RFC 6266, RFC 8187)."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
