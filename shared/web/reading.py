"""What a request carries, as pages may use it: legible text in every field and in the address."""

from __future__ import annotations

from flask import Request, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.utils import cached_property

from shared.text import legible

Fields = ImmutableMultiDict[str, str]


class LegibleRequest(Request):
    """A request without control characters and the like in what people sent: no view has to think of them."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        self.__dict__["form"] = _legible(self.__dict__["form"])

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The fields of the address."""
        return _legible(super().args)


def here() -> str:
    """The path that is asked for with what follows it, as a link to this very page has it."""
    return request.full_path if request.query_string else request.path


def bears_files() -> bool:
    """Whether a file was chosen in the form that came."""
    return any(part.filename for part in request.files.values())


def _legible(fields: MultiDict[str, str]) -> Fields:
    return ImmutableMultiDict([(legible(name), legible(value)) for name, value in fields.items(multi=True)])
