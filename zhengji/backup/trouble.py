"""What can be wrong with a backup or with the place it is put back into."""

from __future__ import annotations


class BackupTrouble(Exception):
    """It cannot be done: the message is one sentence for whoever gave the command."""
