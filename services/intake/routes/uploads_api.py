"""The JSON calls by which a script uploads straight to the store: start, sign parts, see, complete, cancel."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import uuid4

from flask import Response, jsonify, make_response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.domain.files import KIND_LETTERS, PART_BYTES, Announced, File, Upload, parts_of
from services.intake.handlers import uploads as commands
from services.intake.queries import file_state
from services.intake.routes.at_hand import pieces
from shared.campaign.model import FileRole
from shared.web.access import asks, who
from shared.web.admission import takes_files
from shared.web.api import body
from shared.web.app import received_at


class Start(BaseModel):
    """Announce a file. ``command`` makes a repeated call harmless."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: FileRole
    name: Annotated[str, Field(min_length=1, max_length=500)]
    kind: Annotated[str, Field(max_length=KIND_LETTERS)] = ""
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    replaces: Annotated[str, Field(max_length=80)] = ""
    command: Annotated[str, Field(min_length=8, max_length=80)] | None = None


class Numbers(BaseModel):
    """The parts to sign, from 1."""

    model_config = ConfigDict(extra="forbid", strict=True)

    numbers: Annotated[list[int], Field(min_length=1, max_length=100)]


def _upload(upload: Upload) -> dict[str, Any]:
    size = upload.announced.size
    return {
        "upload_id": upload.upload_id,
        "role": upload.announced.role,
        "name": upload.announced.name,
        "size": size,
        "sha256": upload.announced.sha256,
        "part_size": PART_BYTES,
        "parts": parts_of(size),
        "expires_at": upload.expires_at.isoformat(),
    }


def _file(file: File) -> dict[str, Any]:
    return {
        "file_id": file.file_id,
        "role": file.role,
        "name": file.name,
        "kind": file.kind,
        "size": file.size,
        "sha256": file.sha256,
    }


class Request(BaseModel):
    """One request to the store that an upload library wants signed; ``part`` for PUT."""

    model_config = ConfigDict(extra="forbid", strict=True)

    method: Literal["GET", "PUT", "POST", "DELETE"]
    part: int | None = None


@asks("own_cases")
@takes_files
def start(case_id: str) -> Response:
    """POST: reserve room; 201 with the upload's id and how it is to be cut."""
    wish = body(Start)
    announced = Announced(
        role=wish.role, name=wish.name, kind=wish.kind, size=wish.size, sha256=wish.sha256, replaces=wish.replaces
    )
    upload = commands.start_upload(
        pieces(),
        commands.StartUpload(
            case_id=case_id,
            account_id=who().id,
            announced=announced,
            received_at=received_at(),
            command=wish.command or uuid4().hex,
        ),
    )
    return make_response(jsonify(_upload(upload)), 201)


@asks("own_cases")
@takes_files
def overview(case_id: str) -> Response:
    """GET: the uploads under way, and the files with the state of their checks."""
    app = pieces()
    case, now = app.own_case(case_id, who().id), app.clock()
    checks = {check.file_id: check for check in case.checks}
    return jsonify(
        uploads=[_upload(upload) for upload in case.uploads if upload.holds(now)],
        files=[{**_file(file), "state": file_state(checks.get(file.file_id))[0]} for file in case.present_files],
    )


@asks("own_cases")
@takes_files
def sign(case_id: str, upload_id: str) -> Response:
    """POST: the addresses for some parts, good for an hour."""
    wish = body(Numbers)
    urls = commands.sign_parts(
        pieces(), case_id=case_id, account_id=who().id, upload_id=upload_id, numbers=wish.numbers
    )
    return jsonify(urls={str(number): url for number, url in urls.items()})


@asks("own_cases")
@takes_files
def sign_one(case_id: str, upload_id: str) -> Response:
    """POST: the address for one request to the store."""
    wish = body(Request)
    url = commands.sign_request(
        pieces(), case_id=case_id, account_id=who().id, upload_id=upload_id, method=wish.method, part=wish.part
    )
    return jsonify(url=url)


@asks("own_cases")
@takes_files
def status(case_id: str, upload_id: str) -> Response:
    """GET: which parts lie in the store."""
    parts = commands.arrived_parts(pieces(), case_id=case_id, account_id=who().id, upload_id=upload_id)
    return jsonify(parts=[{"number": part.number, "size": part.size} for part in parts])


@asks("own_cases")
@takes_files
def complete(case_id: str, upload_id: str) -> Response:
    """POST: put the parts together; the file is then part of the draft."""
    file = commands.complete_upload(pieces(), case_id=case_id, account_id=who().id, upload_id=upload_id)
    return jsonify(_file(file))


@asks("own_cases")
@takes_files
def cancel(case_id: str, upload_id: str) -> Response:
    """DELETE: give the upload up; 204 whether or not it was still there."""
    commands.give_up_upload(pieces(), case_id=case_id, account_id=who().id, upload_id=upload_id)
    return make_response("", 204)
