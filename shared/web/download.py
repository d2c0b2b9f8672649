"""A page's answer that is a file to keep."""

from __future__ import annotations

from flask import Response, make_response

from shared.content_disposition import as_attachment


def attachment(content: bytes, *, name: str, media_type: str) -> Response:
    """The file under its name, to be kept and not shown."""
    response = make_response(content)
    response.content_type = media_type
    response.headers["Content-Disposition"] = as_attachment(name)
    return response
