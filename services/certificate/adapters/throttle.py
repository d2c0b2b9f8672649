"""How often one may ask: fixed windows kept in the service's own MongoDB, the same for all its processes."""

from __future__ import annotations

import math
import time
from functools import cached_property

from limits import parse
from limits.storage import MongoDBStorage
from limits.strategies import FixedWindowRateLimiter
from pymongo.errors import PyMongoError

from shared.trouble import Away, Refused


class Throttle:
    """Counts what each key spends; opens its storage at the first try, because only pages ever try."""

    def __init__(self, uri: str, *, database_name: str) -> None:
        self._uri = uri
        self._database_name = database_name

    def spend(self, limit: str, *key: str) -> None:
        """Count one try (``limit`` as in 30/minute); too many are refused with 429."""
        item = parse(limit)
        try:
            allowed = self._limiter.hit(item, *key)
            ends = 0 if allowed else self._limiter.get_window_stats(item, *key).reset_time
        except PyMongoError as error:
            raise Away("mongodb", type(error).__name__) from error
        if not allowed:
            message = "查询过于频繁，请稍后再试。您填写的内容不会丢失。"
            wait = max(1, math.ceil(ends - time.time()))
            raise Refused("too-many-queries", message, status=429, retry_after=wait)

    def close(self) -> None:
        """Let go of the storage, if a page ever opened it."""
        if "_storage" in self.__dict__:
            self._storage.storage.close()

    @cached_property
    def _storage(self) -> MongoDBStorage:
        return MongoDBStorage(self._uri, database_name=self._database_name, counter_collection_name="throttle")

    @cached_property
    def _limiter(self) -> FixedWindowRateLimiter:
        return FixedWindowRateLimiter(self._storage)
