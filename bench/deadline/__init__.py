"""The last hours before the bell, replayed on the whole platform, sixty times as fast."""
