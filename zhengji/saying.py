"""What commands print: results on standard output, words about them on standard error."""

from __future__ import annotations

import sys

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: str) -> None:
    """A line on standard output without any markup."""
    sys.stdout.write(f"{text}\n")


def complain(text: str) -> None:
    """A line on standard error without any markup."""
    sys.stderr.write(f"{text}\n")
