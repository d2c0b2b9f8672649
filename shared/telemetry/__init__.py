"""Logs, metrics, health and the one correlation id."""
