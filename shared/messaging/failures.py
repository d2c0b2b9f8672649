"""Why a record could not be taken, in the form in which its row keeps it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

LONGEST_TEXT = 2000
LONGEST_TRACE = 4000


@dataclass(frozen=True)
class Failure:
    """The error's class and message, and the end of its traceback."""

    kind: str
    text: str
    trace: str = ""

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """What an error says about itself, bounded."""
        trace = "".join(traceback.format_exception(error))
        return cls(_kept(type(error).__name__, 200), _kept(str(error), LONGEST_TEXT), _kept(trace[-LONGEST_TRACE:]))

    def fields(self) -> dict[str, str]:
        """The fields of a row."""
        return {"error_class": self.kind, "error": self.text, "trace": self.trace}


def _kept(text: str, longest: int = LONGEST_TRACE) -> str:
    """Cut, and without the half characters that MongoDB does not take."""
    return text[:longest].encode("utf-8", "replace").decode()
