"""Schemas of the OpenAPI document: names for generators, one enum once, answers left open."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from api.resources import alerts, case_plan, contact_points, context, rights, scores, timeline
from api.routes.agents import cases, contacts
from api.routes.back_office import registry_events
from api.routes.customers import consents
from api.routes.insurers import trip_counting
from contracts.approvals import RuleName
from contracts.channels import CHANNELS
from contracts.open_schema import leave_open

REF = "#/components/schemas/"

ENUMS: dict[str, tuple[str, ...]] = {
    "AlertState": get_args(alerts.State),
    "OutcomeCode": get_args(cases.Outcome),
    "CaseState": get_args(cases.State),
    "CaseItemState": get_args(case_plan.ItemState),
    "Channel": tuple(CHANNELS),
    "Classified": get_args(alerts.Feedback),
    "ConsentState": get_args(consents.State),
    "ContactState": get_args(contacts.State),
    "ContactPointKind": get_args(contact_points.Kind),
    "CountedEventKind": get_args(trip_counting.Event),
    "CountingReason": get_args(trip_counting.Reason),
    "DisputeReason": get_args(trip_counting.Given),
    "DeadLetterState": ("open", "retry", "retried", "deferred"),
    "Language": ("de", "en"),
    "ReportOutcome": ("duplicate", "recorded"),
    "RegistryEventState": get_args(registry_events.EventState),
    "RightName": get_args(rights.RightName),
    "LimitName": get_args(rights.LimitName),
    "RightsRequestState": get_args(rights.RequestStateName),
    "RuleName": get_args(RuleName),
    "RelevantKind": get_args(context.Kind),
    "ScoreBand": get_args(scores.Band),
    "Side": get_args(cases.Side),
    "TimelineChannel": get_args(timeline.Channel),
    "TimelineKind": get_args(timeline.Kind),
    "Trust": ("full", "low", "none"),
    "Granularity": ("week", "month"),
}
"""Name → values of the enums that stand in several places."""

_PAGE = re.compile(r"Page_(\w+?)_(?=\W|\Z)")


def finish(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with named enums, names that generators keep, and open answers."""
    schemas = document["components"]["schemas"]
    values = {frozenset(names): name for name, names in ENUMS.items()}
    _name_enums(document, values)
    for name, names in ENUMS.items():
        assert name not in schemas, f"{name} is the name of a model too"
        schemas[name] = {"type": "string", "enum": list(names), "title": name}
    received = set(_reachable(schemas, _requests(document)))
    for name, schema in schemas.items():
        if name not in received:
            leave_open(schema)
    renamed: dict[str, Any] = _rename(document)
    return renamed


def _name_enums(node: Any, names: dict[frozenset[str], str]) -> None:
    """Replace enums that have a name by references to it."""
    for value in node.values() if isinstance(node, dict) else node:
        if not isinstance(value, dict | list):
            continue
        _name_enums(value, names)
        if isinstance(value, list) or not isinstance(value.get("enum"), list):
            continue
        name = names.get(frozenset(map(str, value["enum"])))
        if name is not None and value.get("type") == "string":
            kept = {key: value[key] for key in ("description", "default") if key in value}
            value.clear()
            value.update({"$ref": f"{REF}{name}", **kept})


def _requests(document: dict[str, Any]) -> list[Any]:
    return [
        operation["requestBody"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    ]


def _reachable(schemas: dict[str, Any], start: Any) -> Iterator[str]:
    """Yield the schemas that `start` refers to, and those that these refer to."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        children = node.values() if isinstance(node, dict) else node
        waiting += [child for child in children if isinstance(child, dict | list)]
        reference = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(reference, str) and reference.startswith(REF):
            name = reference.removeprefix(REF)
            if name not in seen:
                seen.add(name)
                waiting.append(schemas[name])
                yield name


def _rename(node: Any) -> Any:
    """Rename Page_Alert_ to AlertPage, with all references and titles."""
    if isinstance(node, dict):
        return {_page(key): _rename(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_rename(value) for value in node]
    return _page(node) if isinstance(node, str) else node


def _page(text: str) -> str:
    return re.sub(r"Page\[(\w+)\]", r"\1Page", _PAGE.sub(r"\1Page", text))
