"""The certificate service."""
