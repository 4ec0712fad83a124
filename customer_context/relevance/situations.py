"""Situations as a file: items of a customer at an instant, to be ranked (docs/relevance.md).

A situation has the form of `GET /v1/customers/{id}/context`, whose answer can be used as it is.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from contracts.kinds import LANGUAGES, RELEVANCE_HALF_LIFE_S
from customer_context.relevance.rank import US_PER_S, Item, Ranked, rank
from customer_context.relevance.usefulness import NEUTRAL
from runtime.errors import Usage

MOST = 5
"""Occasions of a situation that does not say how many."""

_Count = Field(default=0, ge=0, le=1_000_000)


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileItem(_Form):
    """An item, with the names of the API's contract. summary, reasons : not read."""

    kind: str
    id: str = Field(min_length=1)
    at: AwareDatetime
    severity: int = Field(default=1, ge=1, le=3)
    open: bool = False
    urgent: bool = False
    subject: str | None = None
    case_id: str | None = None
    due_at: AwareDatetime | None = None
    failed: bool = False
    in_force: bool = True
    occasion: str = ""
    opened: int = _Count
    used: int = _Count
    dismissed: int = _Count
    learnt: float = Field(default=NEUTRAL, ge=0, le=2, allow_inf_nan=False)
    topic: str = ""
    summary: dict[str, str] | None = None
    reasons: list[Any] | None = None
    parts: "list[FileItem]" = Field(default_factory=list)


class Situation(_Form):
    """Items of one customer at an instant.

    most : occasions to return. Keys of the API's answer that are about the customer are not read.
    """

    as_of: AwareDatetime = Field(validation_alias=AliasChoices("as_of", "now"))
    items: list[FileItem] = Field(validation_alias=AliasChoices("items", "relevant"))
    id: str | None = Field(default=None, validation_alias=AliasChoices("id", "customer"))
    most: int = Field(default=MOST, ge=1, le=1000)
    role: str | None = None
    name: str | None = None
    language: str | None = None
    purposes: list[str] | None = None
    left_out: int | None = None
    next_action: dict[str, Any] | None = None


def read(text: str, file: str) -> list[Situation]:
    """Read a file: a situation, a list of them, or {"situations": […]}.

    Raises `Usage` with the place and the expected value.
    """
    try:
        found = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise Usage(f"{file}: not JSON: {error}") from None
    except RecursionError:
        raise Usage(f"{file}: not JSON: nested too deeply") from None
    prefix = ""
    if isinstance(found, dict) and "situations" in found:
        if set(found) != {"situations"}:
            raise Usage(f"{file}: {min(set(found) - {'situations'})}: unknown beside situations")
        found, prefix = found["situations"], "situations."
    several = found if isinstance(found, list) else [found]
    if not all(isinstance(one, dict) for one in several) or not several:
        raise Usage(f"{file}: expected a situation with as_of and items, or a list of situations")
    return [
        _situation(one, file, f"{prefix}{i}." if several is found else "")
        for i, one in enumerate(several)
    ]


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _situation(raw: Mapping[str, Any], file: str, where: str) -> Situation:
    try:
        found = Situation.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        value = first["input"]
        shown = "" if isinstance(value, dict | list) else f" (found {value!r})"
        raise Usage(f"{file}: {where}{place}: {first['msg']}{shown}") from None
    seen: set[tuple[str, str]] = set()
    for i, item in enumerate(_flat(found)):
        if item.kind not in RELEVANCE_HALF_LIFE_S:
            kinds = ", ".join(RELEVANCE_HALF_LIFE_S)
            raise Usage(f"{file}: {where}items.{i}.kind: expected {kinds} (found {item.kind!r})")
        if (item.kind, item.id) in seen:
            raise Usage(f"{file}: {where}items.{i}.id: {item.kind} {item.id!r} stands there twice")
        seen.add((item.kind, item.id))
    return found


def _flat(situation: Situation) -> list[FileItem]:
    """Return the items and their parts; a part belongs to the occasion of its item."""
    found = []
    for item in situation.items:
        occasion = item.occasion
        if item.parts and not occasion:
            occasion = f"{item.kind} {item.id}"
        found += [
            one.model_copy(update={"occasion": one.occasion or occasion})
            for one in (item, *item.parts)
        ]
    return found


def ranked(situation: Situation) -> dict[str, Any]:
    """Return the most relevant occasions of a situation with their reasons, as plain values."""
    items = {(one.kind, one.id): one for one in _flat(situation)}
    found = rank([_item(one) for one in items.values()], _us(situation.as_of), situation.most)
    return {
        "id": situation.id,
        "as_of": situation.as_of,
        "relevant": [_occasion(one, items) for one in found],
        "left_out": len(items) - sum(1 + len(one.parts) for one in found),
    }


def _item(one: FileItem) -> Item:
    return Item(
        one.kind, one.id, _us(one.at), one.severity, one.open, one.urgent, one.subject, one.case_id,
        None if one.due_at is None else _us(one.due_at), one.failed, one.in_force, one.occasion,
        one.opened, one.used, one.dismissed, one.learnt, one.topic,
    )  # fmt: skip


def _us(at: datetime) -> int:
    return round(at.timestamp() * US_PER_S)


def _occasion(one: Ranked, items: Mapping[tuple[str, str], FileItem]) -> dict[str, Any]:
    return {
        **_shown(items[one.item.kind, one.item.id]),
        "weight": round(one.weight, 6),
        "reasons": [
            {"code": r.code, "texts": dict(zip(LANGUAGES, (r.de, r.text), strict=True))}
            for r in one.reasons
        ],
        "parts": [_shown(items[part.kind, part.id]) for part in one.parts],
    }


def _shown(item: FileItem) -> dict[str, Any]:
    return item.model_dump(
        include={"kind", "id", "at", "open", "severity", "subject", "case_id", "due_at", "summary"},
        exclude_none=True,
    )
