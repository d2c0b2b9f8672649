"""Files in an S3 store: the plain operations only, so that another server can take over from MinIO."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.datatypes import Part as MinioPart
from minio.error import MinioException, S3Error

from shared.content_disposition import as_attachment
from shared.trouble import Away, NotThere

PART_BYTES = 8 * 1024 * 1024
_READ_BYTES = 1024 * 1024


class StoreSettings(Protocol):
    """The settings a store needs."""

    s3_endpoint: str
    s3_public_endpoint: str
    s3_access_key: str
    s3_secret_key: str
    s3_region: str
    s3_bucket: str


@dataclass(frozen=True)
class UploadedPart:
    """A part that lies in the store; ``size`` in bytes."""

    number: int
    etag: str
    size: int


@dataclass(frozen=True)
class Stored:
    """An object as the store lists it; ``size`` in bytes. The same etag and size mean the same bytes."""

    key: str
    etag: str
    size: int


_SERVER_ERROR = 500
_AWAY = frozenset({"ServiceUnavailable", "SlowDown", "InternalError", "SlowDownWrite", "SlowDownRead"})


@contextmanager
def store_or_away() -> Iterator[None]:
    """Translate absence into Away and a missing object into NotThere."""
    try:
        yield
    except S3Error as error:
        if error.code in {"NoSuchKey", "NoSuchUpload", "NoSuchBucket"}:
            raise NotThere("文件不在存储中，请重新上传。") from error
        if error.code in _AWAY or error.response.status >= _SERVER_ERROR:
            raise Away("objects", str(error.code)) from error
        raise
    except (urllib3.exceptions.HTTPError, MinioException, OSError) as error:
        raise Away("objects", type(error).__name__) from error


def _client(endpoint: str, settings: StoreSettings) -> Minio:
    parts = urlsplit(endpoint)
    pool = urllib3.PoolManager(
        maxsize=16,
        timeout=urllib3.Timeout(connect=3, read=30),
        retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
    )
    return Minio(
        parts.netloc,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        secure=parts.scheme == "https",
        region=settings.s3_region,
        http_client=pool,
    )


class Objects:
    """One bucket. Addresses for browsers are signed against the public endpoint, everything else goes inside."""

    def __init__(self, settings: StoreSettings) -> None:
        self._bucket = settings.s3_bucket
        self._inside = _client(settings.s3_endpoint, settings)
        self._outside = _client(settings.s3_public_endpoint, settings)

    def ensure_bucket(self) -> None:
        """Create the bucket where it is missing; several may do so at once."""
        with store_or_away():
            if self._inside.bucket_exists(self._bucket):
                return
            try:
                self._inside.make_bucket(self._bucket)
            except S3Error as error:
                if error.code != "BucketAlreadyOwnedByYou":
                    raise

    def ping(self) -> None:
        """Raise unless the store answers and has the bucket."""
        with store_or_away():
            if not self._inside.bucket_exists(self._bucket):
                raise Away("objects", "the bucket is missing")

    # From the browser, in parts

    def start_upload(self, key: str, *, content_type: str = "application/octet-stream") -> str:
        """Begin a multipart upload; gives its upload id."""
        with store_or_away():
            return str(self._inside._create_multipart_upload(self._bucket, key, {"Content-Type": content_type}))

    def part_address(self, key: str, *, upload_id: str, number: int, lasting: timedelta) -> str:
        """The address to which the browser PUTs one part (numbers from 1)."""
        query: dict[str, Any] = {"partNumber": str(number), "uploadId": upload_id}
        return str(self._outside.get_presigned_url("PUT", self._bucket, key, expires=lasting, extra_query_params=query))

    def upload_address(self, method: str, key: str, *, upload_id: str, lasting: timedelta) -> str:
        """The address at which the browser lists (GET), completes (POST) or aborts (DELETE) its own upload."""
        query: dict[str, Any] = {"uploadId": upload_id}
        return str(
            self._outside.get_presigned_url(method, self._bucket, key, expires=lasting, extra_query_params=query)
        )

    def parts(self, key: str, *, upload_id: str) -> list[UploadedPart]:
        """What has arrived of an upload."""
        found: list[UploadedPart] = []
        marker = 0
        while True:
            with store_or_away():
                page: Any = self._inside._list_parts(self._bucket, key, upload_id, part_number_marker=str(marker))
            found += [UploadedPart(part.part_number, part.etag.strip('"'), part.size) for part in page.parts]
            if not page.is_truncated:
                return found
            marker = page.next_part_number_marker

    def complete_upload(self, key: str, *, upload_id: str, parts: list[UploadedPart]) -> None:
        """Put the parts together."""
        with store_or_away():
            self._inside._complete_multipart_upload(
                self._bucket, key, upload_id, [MinioPart(part.number, part.etag) for part in parts]
            )

    def abort_upload(self, key: str, *, upload_id: str) -> None:
        """Throw the parts away; an upload that is gone already is fine."""
        try:
            with store_or_away():
                self._inside._abort_multipart_upload(self._bucket, key, upload_id)
        except NotThere:
            return

    # Whole objects

    def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str = "application/octet-stream") -> None:
        """Store a stream of ``size`` bytes (-1: unknown; then it goes in parts) without holding it in memory."""
        with store_or_away():
            self._inside.put_object(
                self._bucket, key, stream, size, content_type=content_type, part_size=PART_BYTES if size < 0 else 0
            )

    def size(self, key: str) -> int:
        """Bytes of an object. Raises NotThere."""
        with store_or_away():
            return int(self._inside.stat_object(self._bucket, key).size or 0)

    def all(self) -> Iterator[Stored]:
        """Every whole object of the bucket, by key; unfinished uploads are none."""
        with store_or_away():
            for found in self._inside.list_objects(self._bucket, recursive=True):
                yield Stored(str(found.object_name), str(found.etag).strip('"'), int(found.size or 0))

    def content_type(self, key: str) -> str:
        """What kind of bytes an object was stored as. Raises NotThere."""
        with store_or_away():
            return str(self._inside.stat_object(self._bucket, key).content_type or "application/octet-stream")

    def chunks(self, key: str) -> Iterator[bytes]:
        """The bytes of an object, a megabyte at a time."""
        with store_or_away():
            response = self._inside.get_object(self._bucket, key)
            try:
                yield from response.stream(_READ_BYTES)
            finally:
                response.close()
                response.release_conn()

    def read(self, key: str) -> bytes:
        """A small object, whole."""
        return b"".join(self.chunks(key))

    def fetch(self, key: str, path: Path) -> str:
        """Write an object to a file; gives its SHA-256 in hex."""
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for chunk in self.chunks(key):
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    def remove(self, key: str) -> None:
        """Remove an object; one that is gone already is fine."""
        with store_or_away():
            self._inside.remove_object(self._bucket, key)

    def reading_address(self, key: str, *, name: str, lasting: timedelta = timedelta(minutes=10)) -> str:
        """An expiring address at which a browser downloads the object under ``name`` (any language)."""
        headers = {"response-content-disposition": as_attachment(name)}
        return str(
            self._outside.get_presigned_url("GET", self._bucket, key, expires=lasting, extra_query_params=dict(headers))
        )
