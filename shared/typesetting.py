"""Typesets documents as PDF/A with typst, in an embedded Chinese font; the same words give the same bytes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import typst

FAMILIES = ("Noto Serif SC", "Source Han Serif SC", "Noto Serif CJK SC")
_MOST_STOOD_IN = 50
_NO_GLYPH = re.compile(r"the text `\"(?P<text>.+?)\"` could not be displayed", re.DOTALL)
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")


class FontMissing(RuntimeError):
    """No font that documents can be set in; an operator has to install one."""


class LettersMissing(ValueError):
    """No font here has these characters."""

    def __init__(self, letters: str) -> None:
        super().__init__(f"no font has {' '.join(f'U+{ord(letter):04X}' for letter in letters)}")
        self.letters = letters


class NotSet(ValueError):
    """The template itself refused, or has a fault; the message is typst's."""


class Busy(RuntimeError):
    """Others had this template for longer than one was willing to wait."""


class Typesetter:
    """One template with its compiler and fonts, which are looked for at first need; one thread at a time.

    ``patience`` is how many seconds a caller waits for the others; without it, as long as they take.
    """

    def __init__(
        self,
        template: Path,
        *,
        standard: Literal["a-2a", "a-2b"] = "a-2a",
        font_dir: Path | None = None,
        patience: float | None = None,
    ) -> None:
        self._template, self._standard, self._font_dir = template, standard, font_dir
        self._patience = -1 if patience is None else patience
        self._turn = threading.Lock()

    def pdf(
        self, said: Mapping[str, object], *, dated: datetime | None = None, stand_in: str = "", **more: str
    ) -> bytes:
        """The PDF; the template finds ``said`` with the fonts as JSON in sys.inputs.said, and the rest beside it.

        A character that no font has is replaced by ``stand_in`` where one is given. Raises Busy, FontMissing,
        LettersMissing, NotSet.
        """
        if not self._turn.acquire(timeout=self._patience):
            raise Busy(self._template.name)
        try:
            text = json.dumps({**said, "fonts": self._fonts[1]}, ensure_ascii=False)
            for _ in range(_MOST_STOOD_IN):
                try:
                    return self._set(text, dated, more)
                except LettersMissing as missing:
                    if not stand_in:
                        raise
                    lacking = missing
                    for letter in missing.letters:
                        text = text.replace(letter, stand_in)
            raise lacking
        finally:
            self._turn.release()

    def find_fonts(self) -> None:
        """Look for the fonts now; raises FontMissing."""
        with self._turn:
            _ = self._fonts

    def _set(self, text: str, dated: datetime | None, more: Mapping[str, str]) -> bytes:
        try:
            pdf = self._compiler.compile(
                input=str(self._template),
                format="pdf",
                sys_inputs={"said": text, **more},
                pdf_standards=[self._standard],  # it refuses a letter that no font has, not printing an empty box
                timestamp=int(dated.timestamp()) if dated else 0,
            )
        except typst.TypstError as error:
            message = str(error.args[0])
            if missing := _NO_GLYPH.search(message):
                letters = _ESCAPE.sub(lambda code: chr(int(code[1], 16)), missing["text"])
                raise LettersMissing(letters) from error
            raise NotSet(message) from error
        assert isinstance(pdf, bytes)
        return pdf + b"\n"  # without it a signature, which follows %%EOF, breaks PDF/A

    @cached_property
    def _fonts(self) -> tuple[typst.Fonts, tuple[str, ...]]:
        places = [str(self._font_dir)] if self._font_dir else []
        fonts = typst.Fonts(include_system_fonts=not places, include_embedded_fonts=False, font_paths=places)
        known = set(fonts.families())
        found = tuple(family for family in FAMILIES if family in known)
        if not found:
            raise FontMissing(
                f"none of the fonts {', '.join(FAMILIES)} was found in {self._font_dir or 'the system'}: "
                "install fonts-noto-cjk or set ZHENGJI_FONT_DIR to a folder that holds one"
            )
        return fonts, found

    @cached_property
    def _compiler(self) -> typst.Compiler:
        return typst.Compiler(root=str(self._template.parent), font_paths=self._fonts[0], ignore_system_fonts=True)
