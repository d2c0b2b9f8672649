"""What one can ask of notify, and what it does on news."""

from services.notify.handlers.news import REACTIONS

__all__ = ["REACTIONS"]
