"""The one versioned write over a service's own database."""

from shared.records.database import Database, Row, mongo_or_away
from shared.records.record import Record
from shared.records.records import Records, derived_id

__all__ = ["Database", "Record", "Records", "Row", "derived_id", "mongo_or_away"]
