"""A submitted version: what was handed in, by whom and when; nothing changes it but a withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.intake.domain.files import File
from services.intake.domain.sheet import About, Authors, Declaration, same


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """The account that submits, as it was at that moment."""

    account_id: str
    person: str
    name: str
    mobile: str
    email: str
    province: str
    city: str
    county: str
    unit: str
    unit_type: str


@dataclass(frozen=True, kw_only=True)
class Version:
    """One submission. ``received_at`` is when the front door got it; ``unsigned`` names authors without a signature.

    ``late`` is the id of the centre's permission that it was handed in by, after the bell.
    """

    version: int
    received_at: datetime
    by: Submitter
    about: About
    authors: Authors
    declaration: Declaration
    files: tuple[File, ...]
    unsigned: tuple[str, ...]
    late: str = ""
    withdrawn_at: datetime | None = None

    def same_as(self, about: About, authors: Authors, declaration: Declaration, files: tuple[File, ...]) -> bool:
        """Whether a draft says what this version says."""
        return (
            same(self.about, about)
            and same(self.authors, authors)
            and same(self.declaration, declaration)
            and {_face(file) for file in self.files} == {_face(file) for file in files}
        )


def _face(file: File) -> tuple[str, str, str]:
    return file.file_id, file.name, file.kind
