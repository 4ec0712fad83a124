"""Generate JSON Schema and AsyncAPI from the pydantic models; `make check` compares them."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contracts.contacts import WEBHOOKS
from contracts.signals import DATA, Signal, schema_id
from contracts.telemetry import MESSAGES

DIRECTORY = Path(__file__).parent / "schemas"

TITLES = {
    "telemetry": "Samples of a vehicle",
    "reading": "Readings of a meter",
    "event": "Something the device noticed",
    "status": "How the device is doing",
    "ack": "Everything up to seq has been dealt with",
}


def _asyncapi() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for name in MESSAGES:
        channels[name] = {
            "address": f"tw/v1/{{tenant}}/{{device}}/{name}",
            "parameters": {
                "tenant": {"description": "Letters, digits, . _ ~ -; at most 64"},
                "device": {"description": "Letters, digits, . _ ~ -; at most 64"},
            },
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        operations[("send" if name == "ack" else "receive") + name.capitalize()] = {
            "action": "send" if name == "ack" else "receive",
            "channel": {"$ref": f"#/channels/{name}"},
            "bindings": {"mqtt": {"qos": 0 if name == "ack" else 1, "bindingVersion": "0.2.0"}},
        }
        messages[name] = {
            "name": name,
            "title": TITLES[name],
            "contentType": "application/json",
            "payload": {"$ref": f"./{name}.v1.json"},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tachowatt telemetry",
            "version": "1",
            "description": "MQTT 5, QoS 1. Bodies are JSON, or CBOR of the same shape with content "
            "type application/cbor (typed arrays of RFC 8746 allowed).",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def documents() -> dict[str, str]:
    """Return file name → text of every generated document."""
    models: dict[str, type[BaseModel]] = {**MESSAGES, "signal": Signal}
    models |= {f"signal.{type_}": data for type_, data in DATA.items()}
    models |= {f"webhook.{type_}": body for type_, body in WEBHOOKS.items()}
    out = {
        f"{name}.v1.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": schema_id(f"{name}.v1"),
            **model.model_json_schema(),
        }
        for name, model in models.items()
    }
    out["asyncapi.json"] = _asyncapi()
    return {
        name: json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        for name, document in out.items()
    }


def write(directory: Path = DIRECTORY) -> list[str]:
    """Write the documents; return the names of those that changed."""
    changed = differing(directory)
    for name in changed:
        (directory / name).write_text(documents()[name], encoding="utf-8")
    return changed


def differing(directory: Path = DIRECTORY) -> list[str]:
    """Return the names of documents that are absent or differ from the models."""
    return [
        name
        for name, text in documents().items()
        if not (directory / name).is_file()
        or (directory / name).read_text(encoding="utf-8") != text
    ]
