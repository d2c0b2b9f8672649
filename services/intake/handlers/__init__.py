"""What one can ask of intake (commands), and what it does on news (reactions)."""

from services.intake.handlers.news import REACTIONS

__all__ = ["REACTIONS"]
