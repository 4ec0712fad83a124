"""Case types: stages, steps and milestones in YAML, with conditions in CEL (docs/case-types.md).

A type is checked when it is loaded: ids, references, fields and purposes that conditions name, and
each condition on a case without any data and on one with all its data.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.purposes import Purpose
from customer_context.cases.working_time import Deadline, WorkingTime, unusable
from customer_context.rules.conditions import STRING, ConditionError, compiled, holds
from customer_context.rules.form import Part, Slug, Texts, read, wrong
from customer_context.rules.import_cel import cel

Side = Literal["insurer", "utility"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

VALUES = ("data", "signal", "record", "consents")
"""What a condition sees: the case's data, its signal, the customer's record, granted purposes."""


RECORD_FACTS: Mapping[str, str] = {
    "name": "name of the customer",
    "language": "language of the customer",
    "email": "e-mail address",
    "plate": "plate of the vehicle that the case is about",
    "meter_number": "number of the meter that the case is about",
    "contract": "number of the contract that covers it",
}
"""Facts of the record that a field can name: it is not asked where the fact is known."""


class Kind(StrEnum):
    """Kinds of plan items."""

    STAGE = "stage"
    HUMAN = "human"
    AUTOMATIC = "automatic"
    WAIT = "wait"
    CASE = "case"
    MILESTONE = "milestone"


class Sentry(Part):
    """An entry or exit criterion: all of `after` are completed, and `when` holds (CEL)."""

    after: list[Slug] = Field(default_factory=list)
    when: str = "true"


class Choice(Part):
    """A value that can be chosen, with its text."""

    value: Name
    text: Texts


class FormField(Part):
    """A field of a step's form.

    needs : what a device must offer; notice : why a position is asked for; fact : the fact of the
    record that makes the question superfluous.
    """

    name: Name
    type: Literal["boolean", "text", "number", "integer", "date", "choice"]
    label: Texts
    required: bool = False
    choices: list[Choice] = Field(default_factory=list)
    needs: Literal["camera", "qr", "position"] | None = None
    notice: Texts | None = None
    fact: str | None = None
    minimum: float | None = None
    maximum: float | None = None


class Document(Part):
    """A document that a step requires."""

    id: Slug
    title: Texts
    needs: Literal["camera"] | None = None


class Repeat(Part):
    """The step is available again after its completion while `when` holds, `most` times in all."""

    when: str
    most: Annotated[int, Field(ge=2, le=100)]


class Step(Part):
    """A step, milestone or sub-case.

    who : does it; say : the sentence that a person says or reads; summary : fields of other steps
    that stand beside the form; notice : what the customer gets at a milestone; action : what an
    automatic step runs; type : of the sub-case; until : when a wait is over.
    """

    id: Slug
    kind: Literal["human", "automatic", "wait", "case", "milestone"] = "human"
    title: Texts
    who: Literal["agent", "customer", "partner", "back_office"] = "agent"
    say: Texts | None = None
    summary: list[Name] = Field(default_factory=list)
    form: list[FormField] = Field(default_factory=list)
    documents: list[Document] = Field(default_factory=list)
    required: bool = True
    manual: bool = False
    entry: list[Sentry] = Field(default_factory=list)
    exit: list[Sentry] = Field(default_factory=list)
    until: list[Sentry] = Field(default_factory=list)
    repeat: Repeat | None = None
    deadlines: list[Deadline] = Field(default_factory=list)
    notice: Texts | None = None
    action: Slug | None = None
    type: Slug | None = None


class Stage(Part):
    """A stage. complete : when its required steps, or when all of them, are done.

    exception : it takes what fits no rule, as often as needed; it has no entry criterion.
    """

    id: Slug
    title: Texts
    exception: bool = False
    required: bool = True
    manual: bool = False
    complete: Literal["required", "all"] = "required"
    entry: list[Sentry] = Field(default_factory=list)
    exit: list[Sentry] = Field(default_factory=list)
    deadlines: list[Deadline] = Field(default_factory=list)
    steps: list[Step] = Field(min_length=1)


class Spec(Part):
    """A case type's file.

    side : whose agents work on it, None = of who opens it; skill : that they need, None = any;
    purpose : without one it rests on the
    contract; exit : the case ends without completion.
    """

    id: Slug
    version: int = Field(ge=1)
    title: Texts
    side: Side | None = None
    skill: Slug | None = None
    purpose: Annotated[Purpose, Field(strict=False)] | None = None
    working_time: WorkingTime = Field(default_factory=WorkingTime)
    exit: list[Sentry] = Field(default_factory=list)
    stages: list[Stage] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Item:
    """A stage or step in the flat plan. parent : its stage; None = the case."""

    id: str
    kind: Kind
    parent: str | None
    spec: Stage | Step

    @property
    def required(self) -> bool:
        """Whether its container completes only with it."""
        return self.spec.required

    @property
    def exception(self) -> bool:
        """Whether it is the exception stage."""
        return isinstance(self.spec, Stage) and self.spec.exception

    @property
    def repeat(self) -> Repeat | None:
        """Its repetition."""
        return self.spec.repeat if isinstance(self.spec, Step) else None

    @property
    def until(self) -> list[Sentry]:
        """When a wait is over."""
        return self.spec.until if isinstance(self.spec, Step) else []

    @property
    def form(self) -> list[FormField]:
        """The fields of its form."""
        return self.spec.form if isinstance(self.spec, Step) else []

    @property
    def documents(self) -> list[Document]:
        """The documents that it requires."""
        return self.spec.documents if isinstance(self.spec, Step) else []


@dataclass(frozen=True, slots=True)
class CaseType:
    """A valid case type. items : in the order of the file, each stage before its steps."""

    spec: Spec
    file: str
    text: str
    digest: str
    items: Mapping[str, Item]
    conditions: Mapping[str, cel.Program]
    """By their CEL text."""

    @property
    def id(self) -> str:
        """The id of the type."""
        return self.spec.id

    def children(self, parent: str | None) -> list[Item]:
        """Return the items of a stage, or of the case itself."""
        return [item for item in self.items.values() if item.parent == parent]

    def fields(self) -> dict[str, FormField]:
        """Return the fields of all forms by name."""
        return {field.name: field for item in self.items.values() for field in item.form}


def load(text: str, file: str) -> CaseType:
    """Load a case type. Raises `Usage` with file, field and the expected value."""
    spec = read(Spec, text, file)
    why = unusable(spec.working_time)
    if why is not None:
        raise wrong(file, "working_time", why)
    items = _items(spec, file)
    conditions = {}
    for where, source in _conditions(spec):
        try:
            conditions[source] = compiled(source)
        except ConditionError as error:
            raise wrong(file, where, str(error)) from None
    digest = hashlib.sha256(text.encode()).hexdigest()
    found = CaseType(spec, file, text, digest, items, conditions)
    _check_items(found)
    _check_conditions(found)
    return found


def _items(spec: Spec, file: str) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for i, stage in enumerate(spec.stages):
        for item in (
            Item(stage.id, Kind.STAGE, None, stage),
            *(Item(step.id, Kind(step.kind), stage.id, step) for step in stage.steps),
        ):
            if item.id in items:
                raise wrong(file, f"stages.{i}", f"the id {item.id!r} is duplicate")
            items[item.id] = item
    return items


def _sentries(item: Item) -> Iterator[tuple[str, Sentry]]:
    for where in ("entry", "exit"):
        for sentry in getattr(item.spec, where):
            yield f"{item.id}.{where}", sentry
    for sentry in item.until:
        yield f"{item.id}.until", sentry


def _conditions(spec: Spec) -> Iterator[tuple[str, str]]:
    for sentry in spec.exit:
        yield "exit", sentry.when
    for item in _items(spec, "").values():
        for where, sentry in _sentries(item):
            yield where, sentry.when
        if item.repeat is not None:
            yield f"{item.id}.repeat", item.repeat.when


_FITS: Mapping[str, tuple[Kind, ...]] = {
    "form": (Kind.HUMAN,),
    "documents": (Kind.HUMAN,),
    "until": (Kind.WAIT,),
    "repeat": (Kind.HUMAN, Kind.AUTOMATIC, Kind.WAIT, Kind.CASE),
    "action": (Kind.AUTOMATIC,),
    "type": (Kind.CASE,),
    "notice": (Kind.MILESTONE,),
    "manual": (Kind.STAGE, Kind.HUMAN, Kind.AUTOMATIC, Kind.CASE),
    "deadlines": (Kind.STAGE, Kind.HUMAN, Kind.AUTOMATIC, Kind.WAIT, Kind.CASE),
}
"""Key → the kinds of items that can have it."""


def _check_items(found: CaseType) -> None:
    exceptions = [item for item in found.items.values() if item.exception]
    if len(exceptions) > 1:
        raise wrong(found.file, exceptions[1].id, "expected one exception stage at most")
    for item in found.items.values():
        _check_item(found, item)
    for sentry in found.spec.exit:
        _check_after(found, "exit", sentry, "")


def _check_item(found: CaseType, item: Item) -> None:
    def refuse(what: str) -> None:
        raise wrong(found.file, item.id, what)

    for key, kinds in _FITS.items():
        if getattr(item.spec, key, None) and item.kind not in kinds:
            refuse(f"a {item.kind} has no {key}")
    for needed, kind in (("action", Kind.AUTOMATIC), ("type", Kind.CASE)):
        if item.kind == kind and not getattr(item.spec, needed):
            refuse(f"expected {needed}")
    deadlines: list[Deadline] = item.spec.deadlines
    if item.kind == Kind.WAIT and not item.until and all(d.do != "complete" for d in deadlines):
        refuse("expected until, or a deadline that completes it")
    if len({deadline.id for deadline in deadlines}) != len(deadlines):
        refuse("the ids of its deadlines must differ")
    for deadline in deadlines:
        measures = (deadline.within_min, deadline.working_min, deadline.working_days)
        if sum(measure is not None for measure in measures) != 1:
            refuse("a deadline has one of within_min, working_min, working_days")
        if deadline.do == "complete" and item.kind != Kind.WAIT:
            refuse("only a wait is completed by a deadline")
        if deadline.do == "exception" and not any(i.exception for i in found.items.values()):
            refuse("there is no exception stage")
    for _, sentry in _sentries(item):
        _check_after(found, item.id, sentry, item.id)
    if item.exception:
        if item.spec.entry or item.spec.exit or item.spec.manual or deadlines:
            refuse("an exception stage has neither entry, exit, manual nor deadlines")
        steps = found.children(item.id)
        if steps[0].kind != Kind.HUMAN or steps[0].spec.entry or steps[0].spec.manual:
            refuse("an exception stage begins with a human step without condition")
        if any(step.spec.exit for step in steps):
            refuse("the steps of an exception stage have no exit")
        if any(step.required for step in steps[1:]):
            refuse("only the first step of an exception stage is required: none may wait in vain")
    _check_form(found, item)


def _check_form(found: CaseType, item: Item) -> None:
    def refuse(what: str) -> None:
        raise wrong(found.file, item.id, what)

    for name in getattr(item.spec, "summary", ()):
        if name not in found.fields():
            refuse(f"summary: there is no field {name!r}")
    for field in item.form:
        if (field.type == "choice") != bool(field.choices):
            refuse(f"{field.name}: a choice has choices, and nothing else has")
        if field.needs == "position" and field.notice is None:
            refuse(f"{field.name}: who asks for a position says why: expected notice")
        if field.fact is not None and field.fact not in RECORD_FACTS:
            refuse(f"{field.name}: there is no fact {field.fact!r} of {', '.join(RECORD_FACTS)}")
        if found.fields()[field.name].type != field.type:
            refuse(f"{field.name}: its type differs from that of the same field elsewhere")


def _check_after(found: CaseType, where: str, sentry: Sentry, own: str) -> None:
    for id_ in sentry.after:
        if id_ not in found.items or id_ == own:
            raise wrong(found.file, where, f"after: there is no other item {id_!r}")


_NAMED = re.compile(r"\b(data|consents)\s*\.\s*(\w+)")
_FIRST = re.compile(r"(?<![\w.])([a-zA-Z_]\w*)(?!\w*\s*\()")
_WORDS = frozenset({*VALUES, "true", "false", "null", "in"})
_SAMPLES: Mapping[str, Any] = {
    "boolean": True,
    "text": "example",
    "number": 1.5,
    "integer": 1,
    "date": "2026-11-21",
}


def _check_conditions(found: CaseType) -> None:
    fields = found.fields()
    known = {"data": set(fields), "consents": {str(purpose) for purpose in Purpose}}
    for where, source in _conditions(found.spec):
        bare = STRING.sub("''", source)
        for name, field in _NAMED.findall(bare):
            if field not in known[name]:
                raise wrong(
                    found.file, where, f"there is no {name}.{field}; there are "
                    + (", ".join(sorted(known[name])) or "none"),
                )  # fmt: skip
        for name in _FIRST.findall(bare):
            if name not in _WORDS:
                raise wrong(found.file, where, f"unknown {name}: a condition sees {VALUES}")
        full = {
            f.name: f.choices[0].value if f.choices else _SAMPLES[f.type] for f in fields.values()
        }
        for what, data in (("without data", dict.fromkeys(fields)), ("with all data", full)):
            try:
                holds(found.conditions[source], values(found, data, {}, {}, frozenset()))
            except ConditionError as error:
                raise wrong(found.file, where, f"fails {what}: {error}") from None


def values(
    case_type: CaseType,
    data: Mapping[str, Any],
    signal: Mapping[str, Any],
    record: Mapping[str, Any],
    granted: frozenset[str],
) -> dict[str, Any]:
    """Return what conditions see. A field without a value is null, a purpose not granted false."""
    return {
        "data": {**dict.fromkeys(case_type.fields()), **data},
        "signal": dict(signal),
        "record": dict(record),
        "consents": {str(purpose): purpose in granted for purpose in Purpose},
    }


def schema_of(item: Item) -> dict[str, Any]:
    """Return the JSON schema (2020-12) of a step's form."""
    properties: dict[str, Any] = {}
    for field in item.form:
        one: dict[str, Any] = {
            "type": "string" if field.type in ("text", "date", "choice") else field.type
        }
        if field.type == "text":
            one["maxLength"] = 4_000
            if field.required:
                one["minLength"] = 1
        if field.type == "date":
            one["pattern"] = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
        if field.choices:
            one["enum"] = [choice.value for choice in field.choices]
        if field.minimum is not None:
            one["minimum"] = field.minimum
        if field.maximum is not None:
            one["maximum"] = field.maximum
        properties[field.name] = one
    return {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in item.form if field.required],
        "additionalProperties": False,
    }
