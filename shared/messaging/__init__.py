"""Telling and hearing, over Kafka or over the in-memory bus that passes the same suite."""
