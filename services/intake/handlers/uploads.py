"""Commands on files: reserve room, sign parts, complete, give up; the plain form's upload; rename and delete."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

import structlog

from services.intake.app import App
from services.intake.domain.case import Case
from services.intake.domain.files import (
    Announced,
    File,
    Upload,
    check_announced,
    clean_name,
    ending,
    part_bytes,
    parts_of,
    tidied,
)
from services.intake.handlers.cases import owned
from services.intake.store import cases_with_stale_uploads
from shared.campaign.model import FileRole
from shared.objects import UploadedPart
from shared.records import derived_id
from shared.trouble import NotThere, Refused

PART_ADDRESS_LASTS = timedelta(hours=1)
SWEPT_AT_ONCE = 50
_CHUNK = 1024 * 1024

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class StartUpload:
    """Reserve room for a file that the browser is about to send straight to the store."""

    case_id: str
    account_id: str
    announced: Announced
    received_at: datetime
    command: str


def start_upload(app: App, command: StartUpload) -> Upload:
    """Reserve room and open the upload in the store. The same command gets the same upload again."""
    upload_id = derived_id("upload", command.case_id, command.command)
    case = app.own_case(command.case_id, command.account_id)
    announced = tidied(command.announced)
    earlier = next((upload for upload in case.uploads if upload.upload_id == upload_id), None)
    if earlier is not None:
        return earlier
    if any(file.file_id == upload_id for file in case.files):
        raise Refused("uploaded-already", "这个文件已经上传完成，请刷新页面查看。", status=409)
    key = object_key(case, upload_id, announced)
    _reserve(app, command, announced, upload_id, key, multipart_id="", only_try=True)
    multipart_id = app.objects.start_upload(key)
    try:
        kept = _reserve(app, command, announced, upload_id, key, multipart_id=multipart_id)
    except Refused:
        app.objects.abort_upload(key, upload_id=multipart_id)
        raise
    if kept.multipart_id != multipart_id:
        app.objects.abort_upload(key, upload_id=multipart_id)
    return kept


def object_key(case: Case, upload_id: str, announced: Announced) -> str:
    """Where the bytes lie: ids and the file's ending, nothing a person wrote."""
    return f"intake/{case.campaign_id}/{case.id}/{upload_id}{ending(announced.name)}"


def _reserve(
    app: App,
    command: StartUpload,
    announced: Announced,
    upload_id: str,
    key: str,
    *,
    multipart_id: str,
    only_try: bool = False,
) -> Upload:
    over: tuple[Upload, ...] = ()

    def act(case: Case) -> None:
        nonlocal over
        if not any(upload.upload_id == upload_id for upload in case.uploads):
            over = case.reserve(
                announced,
                campaign=app.campaigns.get(case.campaign_id),
                upload_id=upload_id,
                object_key=key,
                multipart_id=multipart_id,
                received_at=command.received_at,
            )

    if only_try:  # refuse before the store is asked for anything
        case = app.cases.get(command.case_id)
        act(case)
        return case.upload(upload_id)
    app.cases.change(command.case_id, owned(command.account_id, act))
    for upload in over:
        _forget_bytes(app, upload)
    return app.cases.get(command.case_id).upload(upload_id)


def _forget_bytes(app: App, upload: Upload) -> None:
    if upload.multipart_id:
        app.objects.abort_upload(upload.object_key, upload_id=upload.multipart_id)
    app.objects.remove(upload.object_key)


def sign_parts(app: App, *, case_id: str, account_id: str, upload_id: str, numbers: list[int]) -> dict[int, str]:
    """The addresses to which the browser sends these parts (from 1); only as many as the announced size has."""
    upload = _going(app, case_id, account_id, upload_id)
    most = parts_of(upload.announced.size)
    wrong = [number for number in numbers if not 1 <= number <= most]
    if wrong:
        raise Refused(
            "no-such-part", f"这次上传共{most}个分片，没有第{wrong[0]}个。请刷新页面后继续。", field="numbers"
        )
    return {
        number: app.objects.part_address(
            upload.object_key, upload_id=upload.multipart_id, number=number, lasting=PART_ADDRESS_LASTS
        )
        for number in numbers
    }


def sign_request(app: App, *, case_id: str, account_id: str, upload_id: str, method: str, part: int | None) -> str:
    """The address for one request of an upload library: send a part, list, complete or abort.

    Completing is signed only for what fits the announced size; ``complete_upload`` has the last word all the same.
    """
    if method == "PUT":
        numbers = [part or 0]
        return sign_parts(app, case_id=case_id, account_id=account_id, upload_id=upload_id, numbers=numbers)[part or 0]
    upload = _going(app, case_id, account_id, upload_id)
    if method == "POST":
        _check_parts(app, case_id, upload, app.objects.parts(upload.object_key, upload_id=upload.multipart_id))
    return app.objects.upload_address(
        method, upload.object_key, upload_id=upload.multipart_id, lasting=PART_ADDRESS_LASTS
    )


def arrived_parts(app: App, *, case_id: str, account_id: str, upload_id: str) -> list[UploadedPart]:
    """The parts that lie in the store, so that an upload goes on where it stopped."""
    upload = _going(app, case_id, account_id, upload_id)
    return app.objects.parts(upload.object_key, upload_id=upload.multipart_id)


def _going(app: App, case_id: str, account_id: str, upload_id: str) -> Upload:
    upload = app.own_case(case_id, account_id).upload(upload_id)
    if not upload.holds(app.clock()):
        raise Refused("upload-expired", "这次上传超过24小时未完成，已取消。请重新选择文件。", status=409)
    return upload


def complete_upload(app: App, *, case_id: str, account_id: str, upload_id: str) -> File:
    """Put the parts together and take the file into the draft; what the store holds decides the size."""
    case = app.own_case(case_id, account_id)
    done = next((file for file in case.files if file.file_id == upload_id), None)
    if done is not None:
        return done
    upload = _going(app, case_id, account_id, upload_id)
    try:
        parts = app.objects.parts(upload.object_key, upload_id=upload.multipart_id)
        _check_parts(app, case_id, upload, parts)
        app.objects.complete_upload(upload.object_key, upload_id=upload.multipart_id, parts=parts)
    except NotThere:
        log.info("upload_put_together_before", case=case_id, upload=upload_id)  # by another try, or before a crash
    return _take(app, case_id, upload)


def _check_parts(app: App, case_id: str, upload: Upload, parts: list[UploadedPart]) -> None:
    size, arrived = upload.announced.size, {part.number: part.size for part in parts}
    if sum(arrived.values()) > size or any(number > parts_of(size) for number in arrived):
        _drop(app, case_id, upload)
        raise _too_big(upload, sum(arrived.values()))
    missing = [number for number in range(1, parts_of(size) + 1) if arrived.get(number) != part_bytes(size, number)]
    if missing:
        message = f"“{upload.announced.name}”还有{len(missing)}个分片未传完（从第{missing[0]}个起），请继续上传。"
        raise Refused("upload-incomplete", message, status=409)


def _too_big(upload: Upload, arrived: int) -> Refused:
    return Refused(
        "upload-too-big",
        f"“{upload.announced.name}”收到{arrived}字节，登记的是{upload.announced.size}字节，已取消。请重新选择文件上传。",
        status=409,
    )


def _take(app: App, case_id: str, upload: Upload) -> File:
    """The object is whole: check its size once more, and let the case have it."""
    try:
        size = app.objects.size(upload.object_key)
    except NotThere:
        _drop(app, case_id, upload)
        raise Refused("upload-lost", "这次上传的内容已不在存储中，请重新选择文件上传。", status=409) from None
    if size != upload.announced.size:
        _drop(app, case_id, upload)
        raise _too_big(upload, size)

    def act(case: Case) -> None:
        case.arrive(upload.upload_id, campaign=app.campaigns.get(case.campaign_id), at=app.clock())

    try:
        app.cases.change(case_id, act)
    except Refused:
        _drop(app, case_id, upload)
        raise
    return next(file for file in app.cases.get(case_id).files if file.file_id == upload.upload_id)


def _drop(app: App, case_id: str, upload: Upload) -> None:
    """Free the room first; bytes that stay behind after a crash here are nobody's, and are swept."""
    dropped = app.cases.change(case_id, lambda case: case.give_up(upload.upload_id))
    if dropped:  # never the bytes of an upload that arrived meanwhile
        _forget_bytes(app, upload)
        log.info("upload_dropped", case=case_id, upload=upload.upload_id)


def give_up_upload(app: App, *, case_id: str, account_id: str, upload_id: str) -> None:
    """Cancel an upload; one that is gone already is fine."""
    case = app.own_case(case_id, account_id)
    for upload in case.uploads:
        if upload.upload_id == upload_id:
            _drop(app, case_id, upload)


@dataclass(frozen=True, kw_only=True)
class FileFromForm:
    """A file that came with a plain form, as a stream that can be read twice."""

    role: FileRole
    name: str
    kind: str
    stream: BinaryIO
    replaces: str = ""


def upload_from_form(
    app: App, file: FileFromForm, *, case_id: str, account_id: str, received_at: datetime, command: str
) -> File:
    """Pass a posted file on to the store, a megabyte at a time, within the same limits."""
    case = app.own_case(case_id, account_id)
    name = clean_name(file.name)
    check_announced(_announced(file, name, size=1, sha256="0" * 64), app.campaigns.get(case.campaign_id))
    announced = _announced(file, name, *_measure(file.stream))
    start = StartUpload(
        case_id=case_id, account_id=account_id, announced=announced, received_at=received_at, command=command
    )
    upload_id = derived_id("upload", case_id, command, announced.sha256)
    done = next((each for each in case.files if each.file_id == upload_id), None)
    if done is not None:
        return done
    upload = _reserve(app, start, announced, upload_id, object_key(case, upload_id, announced), multipart_id="")
    app.objects.put(upload.object_key, file.stream, size=announced.size)
    return _take(app, case_id, upload)


def _announced(file: FileFromForm, name: str, size: int, sha256: str) -> Announced:
    return tidied(
        Announced(role=file.role, name=name, kind=file.kind, size=size, sha256=sha256, replaces=file.replaces)
    )


def _measure(stream: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 of a stream, which stands at its beginning again afterwards."""
    digest, size = hashlib.sha256(), 0
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    stream.seek(0)
    return size, digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class RenameFile:
    """Give a file another name or kind."""

    case_id: str
    account_id: str
    file_id: str
    name: str
    kind: str
    received_at: datetime
    command: str


def rename_file(app: App, command: RenameFile) -> None:
    """Give a file another name or kind."""

    def act(case: Case) -> None:
        case.rename_file(
            command.file_id,
            name=command.name,
            kind=command.kind,
            campaign=app.campaigns.get(case.campaign_id),
            received_at=command.received_at,
        )

    app.cases.change(command.case_id, owned(command.account_id, act), command=command.command)


@dataclass(frozen=True, kw_only=True)
class DeleteFile:
    """Take a file out of the draft."""

    case_id: str
    account_id: str
    file_id: str
    received_at: datetime
    command: str


def delete_file(app: App, command: DeleteFile) -> None:
    """Take a file out of the draft; its bytes stay as history."""

    def act(case: Case) -> None:
        campaign = app.campaigns.get(case.campaign_id)
        case.delete_file(command.file_id, campaign=campaign, received_at=command.received_at)

    app.cases.change(command.case_id, owned(command.account_id, act), command=command.command)


def reading_address(app: App, *, case_id: str, account_id: str, file_id: str) -> str:
    """An expiring address at which the author reads one of their files, submitted ones included."""
    case = app.own_case(case_id, account_id)
    for file in case.files:
        if file.file_id == file_id:
            return app.objects.reading_address(file.object_key, name=file.name)
    raise NotThere("没有找到这个文件，可能已被删除或替换。请刷新页面。")


def sweep_uploads(app: App) -> int:
    """Free the room of uploads whose time was over, and forget their bytes; gives how many."""
    swept, now = 0, app.clock()
    for case_id in cases_with_stale_uploads(app.cases, now, most=SWEPT_AT_ONCE):
        for upload in app.cases.get(case_id).uploads:
            if not upload.holds(now):
                _drop(app, case_id, upload)
                swept += 1
    return swept
