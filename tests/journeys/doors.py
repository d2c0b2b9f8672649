"""The one door without sockets: requests go to the service whose path it is, and to the real object store."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from flask import Flask

from deploy.local.table import PREFIXES
from zhengji.play.world import TRUST

HOST = "zhengji.test"


class Door(httpx.BaseTransport):
    """Sends each request where nginx would; the longest prefix wins."""

    def __init__(self, apps: Mapping[str, Flask]) -> None:
        self._transports = {service: httpx.WSGITransport(app=app) for service, app in apps.items()}
        self._outside = httpx.HTTPTransport(verify=TRUST)
        pairs = [(prefix, service) for service, prefixes in PREFIXES.items() for prefix in prefixes]
        self._prefixes = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.url.host != HOST:
            return self._outside.handle_request(request)
        return self._transports[self.service_of(request.url.path)].handle_request(request)

    def service_of(self, path: str) -> str:
        """Whose page this is."""
        for prefix, service in self._prefixes:
            if prefix == "/" or path == prefix or path.startswith(f"{prefix}/"):
                return service
        raise LookupError(path)
