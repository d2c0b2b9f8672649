"""Who somebody is, and what they may do."""

from shared.identity.permissions import PermissionTable, Whose, may
from shared.identity.tokens import Principal, SigningKey, TokenRefused, issue_token, read_token

__all__ = [
    "PermissionTable",
    "Principal",
    "SigningKey",
    "TokenRefused",
    "Whose",
    "issue_token",
    "may",
    "read_token",
]
