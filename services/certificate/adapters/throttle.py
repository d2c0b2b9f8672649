"""How often one may ask: fixed windows kept in the service's own MongoDB, the same for all its processes."""

from __future__ import annotations

from limits import RateLimitItem, parse
from limits.storage import MongoDBStorage
from limits.strategies import FixedWindowRateLimiter
from pymongo.errors import PyMongoError

from shared.trouble import Away, Refused


class Throttle:
    """Counts what each key spends."""

    def __init__(self, uri: str, *, database_name: str) -> None:
        storage = MongoDBStorage(uri, database_name=database_name, counter_collection_name="throttle")
        self._limiter = FixedWindowRateLimiter(storage)
        self._known: dict[str, RateLimitItem] = {}

    def spend(self, limit: str, *key: str) -> None:
        """Count one try (``limit`` as in 30/minute); too many are refused with 429."""
        item = self._known.setdefault(limit, parse(limit))
        try:
            allowed = self._limiter.hit(item, *key)
        except PyMongoError as error:
            raise Away("mongodb", type(error).__name__) from error
        if not allowed:
            raise Refused("too-many-queries", "查询过于频繁，请稍后再试。您填写的内容不会丢失。", status=429)
