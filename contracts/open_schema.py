"""Schemas of what this system sends are open: receivers ignore fields that they do not know, so a
new field is no breaking change. What it receives is closed, because a misspelt field would be lost.
"""

from typing import Any


def leave_open(schema: dict[str, Any]) -> None:
    """Remove `additionalProperties: false`; a `json_schema_extra` of a model that forbids extras.

    Our own code still cannot send a field that the model does not have.
    """
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]
