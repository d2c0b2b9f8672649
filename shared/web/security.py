"""The headers that keep pages safe: one strict policy for scripts, styles, frames and caches."""

from __future__ import annotations

from flask import Flask, Response, g

_ESCAPED_ON_THE_WAY = frozenset({"Location", "Content-Location"})


def install_headers(app: Flask, *, storage: str, https: bool) -> None:
    """Give every answer the security headers; ``storage`` is the public S3 address browsers upload to and read from."""
    headers = {
        "Content-Security-Policy": policy(storage),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000"

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store" if g.get("person") else "no-cache"
        unfit = [
            name
            for name, value in response.headers
            if name not in _ESCAPED_ON_THE_WAY and not (value.isascii() and value.isprintable())
        ]
        if unfit:  # a server would refuse them after our log has said that all is well
            raise ValueError(f"headers that no server sends: {', '.join(unfit)}")
        return response


def policy(storage: str) -> str:
    """The Content-Security-Policy: nothing inline, nothing foreign but the storage."""
    rules = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": f"'self' {storage}",
        "img-src": f"'self' {storage}",
        "media-src": f"'self' {storage}",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
