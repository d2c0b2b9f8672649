"""The whole platform on one machine without containers: install, start, wait, stop."""
