"""What one can ask of review (commands), and what it does on news (reactions)."""

from services.review.handlers.news import REACTIONS

__all__ = ["REACTIONS"]
