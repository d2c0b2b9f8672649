"""What readers hand to the rules: the text of a Word document as paragraphs, without any file format left in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """One paragraph in reading order; `text` may hold line breaks."""

    text: str
    styled: bool = False  # a heading style or an outline level
    bold: bool = False  # every visible character
    numbered: bool = False  # numbered by Word, so the number is not in the text
    contents: bool = False  # an entry of the table of contents
    where: str = ""  # 第3段, 表格1第2行, 文本框 …


@dataclass(frozen=True, kw_only=True)
class WordText:
    """A document's words. `uncertain` holds text Word counts or not depending on its version: notes, hidden text."""

    paragraphs: tuple[Paragraph, ...]
    uncertain: tuple[str, ...] = ()

    def surely(self) -> str:
        """The text every version of Word counts."""
        return "\n".join(paragraph.text for paragraph in self.paragraphs)

    def perhaps(self) -> str:
        """All text, notes and hidden characters included."""
        return "\n".join((self.surely(), *self.uncertain))
