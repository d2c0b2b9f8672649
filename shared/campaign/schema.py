"""The JSON Schema of campaign files, for editors: ``python -m shared.campaign.schema > campaigns/schema.json``."""

from __future__ import annotations

import json
import sys

from shared.campaign.model import Campaign


def schema_text() -> str:
    """The schema as it is checked in."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Campaign.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
