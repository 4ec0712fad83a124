"""Trial of a playbook before it is used: errors that a signal would cause are raised here."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from contracts.kinds import LANGUAGES
from contracts.signals import DATA
from customer_context.playbooks.model import Playbook, conditions_of, parse, texts_of
from customer_context.playbooks.text import TextError, data_fields, render
from customer_context.rules.conditions import STRING, ConditionError
from runtime.errors import Usage

_AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_FIELD = re.compile(r"\bdata\s*\.\s*(\w+)")
_INDEX = re.compile(r"\bdata\s*\[\s*['\"](\w+)['\"]\s*\]")


def load(text: str, file: str) -> Playbook:
    """Load a playbook that parses and passes the trial. Raises `Usage` like `parse`."""
    playbook = parse(text, file)
    _fields_exist(playbook)
    for example, data in _samples(playbook.spec.trigger.signal):
        _try(playbook, data, example)
    return playbook


def _fields_exist(playbook: Playbook) -> None:
    fields = set(DATA[playbook.spec.trigger.signal].model_fields)

    def look(where: str, named: set[str]) -> None:
        for field in sorted(named - fields):
            raise Usage(
                f"{playbook.file}: {where}: {playbook.spec.trigger.signal} has no data.{field}; "
                f"it has {', '.join(sorted(fields))}"
            )

    for where, source in conditions_of(playbook.spec):
        bare = STRING.sub("''", source)
        look(where, set(_FIELD.findall(bare)) | set(_INDEX.findall(source)))
    for where, texts in texts_of(playbook.spec):
        for language in LANGUAGES:
            look(f"{where}.{language}", data_fields(getattr(texts, language)))


def _try(playbook: Playbook, data: Mapping[str, Any], example: str) -> None:
    signal = {"id": "0" * 32, "type": playbook.spec.trigger.signal, "revision": 0}
    signal |= {"subject": "vehicle:example", "time": _AT, "over": False}
    values = {
        "signal": signal,
        "data": data,
        "at": _AT,
        "deadline": _AT,
        "customer": {"name": "Example"},
        "subject": {"name": "Example", "kind": "vehicle"},
        "timezone": "Europe/Berlin",
    }
    # Where the trigger does not hold, nothing else is evaluated.
    for where in playbook.conditions:
        try:
            if not playbook.holds(where, signal, data) and where == "trigger.when":
                return
        except ConditionError as error:
            raise Usage(f"{playbook.file}: {where}: fails {example}: {error}") from None
    for (where, language), template in playbook.texts.items():
        guard = where.rsplit(".", 1)[0] + ".when"
        if not playbook.holds(guard, signal, data):
            continue
        try:
            render(template, values, language)
        except TextError as error:
            raise Usage(f"{playbook.file}: {where}.{language}: fails {example}: {error}") from None


def _samples(type_: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (description, data): each value of each enumeration, null in each nullable field."""
    schema = DATA[type_].model_json_schema()
    full = {name: _values(name, field)[0] for name, field in schema["properties"].items()}
    yield "on a signal with all its data", full
    for name, field in schema["properties"].items():
        for value in _values(name, field)[1:]:
            shown = "null (it may be: guard it)" if value is None else repr(value)
            yield f"where data.{name} is {shown}", {**full, name: value}


def _values(name: str, field: Mapping[str, Any]) -> list[Any]:
    if "anyOf" in field:
        return [value for one in field["anyOf"] for value in _values(name, one)]
    if "enum" in field:
        return list(field["enum"])
    kind = field.get("type")
    if kind == "null":
        return [None]
    if kind == "boolean":
        return [False]
    if kind == "integer":
        return list(range(field.get("minimum", 1), field.get("maximum", 1) + 1))
    if kind == "number":
        return [12.5]
    return [_AT.isoformat() if name == "at" or name.endswith("_at") else "example"]
