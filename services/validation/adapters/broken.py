"""Why a reader had to stop: the one error that readers raise on purpose."""

from __future__ import annotations

from services.validation.domain.findings import Code, Sign


class Broken(Exception):
    """The file cannot be read further; carries the finding to be."""

    def __init__(self, code: Code, what: str = "", place: str = "") -> None:
        super().__init__(f"{code}: {what or place}")
        self.sign = Sign(code=code, what=what, place=place)
