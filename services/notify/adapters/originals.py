"""The bytes of mails as they came, in the S3 store."""

from __future__ import annotations

import io
from collections.abc import Iterator

from shared.objects import Objects


class StoredOriginals:
    """Originals under the keys ``mail/…`` of the platform's bucket."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def keep(self, key: str, content: bytes) -> None:
        """Keep them; the same key again writes the same bytes."""
        self._objects.put(key, io.BytesIO(content), size=len(content), content_type="message/rfc822")

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read them again."""
        return self._objects.chunks(key)

    def reading_address(self, key: str, *, name: str) -> str:
        """An expiring address at which a browser downloads them."""
        return self._objects.reading_address(key, name=name)
