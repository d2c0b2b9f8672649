"""Measured ratios, ours against the bare library, side by side in one run: ``make bench``."""
