"""The mongoengine base of every document: it maps, validates and reads; it never writes."""

from __future__ import annotations

from typing import Any, ClassVar

import mongoengine


class Record(mongoengine.Document):
    """A document with a version. Outbox, told, heard and commands belong to the one write, not to the mapping."""

    meta: ClassVar[dict[str, Any]] = {"abstract": True, "auto_create_index": False, "strict": False}

    id = mongoengine.StringField(primary_key=True)
    version = mongoengine.IntField()
