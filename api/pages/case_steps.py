"""The steps of a case with a type: stages, the form of each next step, what fits no rule."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from api.http.problems import Problem, not_found
from api.pages.alerts import form_version
from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from api.pages.frame.view import View
from customer_context.cases import asking
from customer_context.cases.case_state import State, What
from customer_context.cases.case_types import FormField, Item, Kind
from customer_context.cases.engine import open_steps
from customer_context.rules import form as rules
from services import case_fields, case_flow, case_record, case_steps, matter, rule_versions
from services.case_fields import Entered, Fields, Value
from services.case_types import CASE_TYPE
from store.people import subjects
from store.people.read_log import of_rows
from store.postgres.pool import Connection
from store.postgres.times import from_us

_ACTIONS = (What.START, What.DISABLE, What.ENABLE, What.RETRY, What.TERMINATE)
_OF_CASE = (What.EXCEPTION, What.SUSPEND, What.RESUME)
_MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Shown:
    """The plan of a case for its page. next : steps that can be done now, exceptions first."""

    plan: case_steps.Plan
    next: list[Item]
    language: str
    speaks: str
    """Language of the customer, for the sentences to say."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """Facts that are not asked again."""
    entered: Mapping[str, Any] = field(default_factory=dict)
    """What was entered and refused: it stays in the form."""
    fields: Fields = field(default_factory=dict)
    """What was entered in open steps, by anybody."""
    viewer: str = ""
    """The author of what the viewer enters."""

    def text(self, texts: rules.Texts) -> str:
        """Return a text of the type in the viewer's language."""
        return str(getattr(texts, self.language))

    def say(self, item: Item) -> str | None:
        """Return the sentence of a step in the customer's language."""
        texts = getattr(item.spec, "say", None)
        return None if texts is None else str(getattr(texts, self.speaks))

    def state(self, item: Item) -> Any:
        """Return the state of an item."""
        return self.plan.state.items[item.id]

    def due(self, item: Item) -> Any:
        """Return when the next deadline of an item ends; None = none runs."""
        found = [timer.due_us for timer in self.plan.state.timers if timer.item == item.id]
        return from_us(min(found)) if found else None

    def stages(self) -> list[Item]:
        """Return the stages to show: the exception stage only once it was needed."""
        shown = self.plan.type.children(None)
        return [s for s in shown if not s.exception or self.state(s).state != "available"]

    def value(self, one: FormField, item: Item | None = None) -> Any:
        """Return the present value of a field, so that nothing is asked twice."""
        if one.name in self.entered:
            return self.entered[one.name]
        draft = None if item is None else self.draft(item, one)
        if draft is None:
            return self.plan.state.data.get(one.name)
        text = draft.accepted.value
        return text == "1" if one.type == "boolean" and text else text

    def draft(self, item: Item, one: FormField) -> Entered | None:
        """Return what was entered in a field of an open step; None = nothing yet."""
        return self.fields.get((item.id, one.name))

    def who(self, author: str) -> str:
        """Return who entered a value, as the viewer calls them."""
        return who_of(self.language, author, self.viewer)

    def shown_text(self, one: FormField, text: str) -> str:
        """Return an entered value as it is read."""
        if one.type == "boolean" and text:
            return str(Texts(self.language)("plan.yes" if text == "1" else "plan.no"))
        return next((self.text(c.text) for c in one.choices if c.value == text), text)

    def asked(self, item: Item) -> list[FormField]:
        """Return the fields of a step that the record does not answer."""
        return asking.asked(item, self.record)

    def missing(self, item: Item) -> list[str]:
        """Return the required documents of a step that are not there."""
        there = self.plan.state.documents
        return [document.id for document in item.documents if document.id not in there]

    def summary(self, item: Item) -> list[tuple[str, str]]:
        """Return label and value of what stands beside a step's form."""
        fields = self.plan.type.fields()
        return [
            (self.text(fields[name].label), self._shown_value(fields[name]))
            for name in getattr(item.spec, "summary", ())
            if self.plan.state.data.get(name) is not None
        ]

    def _shown_value(self, one: FormField) -> str:
        value, formats = self.plan.state.data[one.name], Formats(self.language, "UTC")
        if one.type == "boolean":
            return str(Texts(self.language)("plan.yes" if value else "plan.no"))
        if one.type == "choice":
            return next(self.text(c.text) for c in one.choices if c.value == value)
        if one.type == "date":
            return formats.day(date.fromisoformat(value))
        return formats.number(value, 2) if one.type == "number" else str(value)


def shown(
    view: View,
    row: Mapping[str, Any],
    customer_language: str | None,
    refused: Mapping[str, str] | None = None,
) -> Shown | None:
    """Return the plan of a case for its page; None without a type, and where it is withdrawn.

    refused : a form of a step that was refused; what was entered stays.
    """
    if row["withdrawn"] is not None:
        return None
    plan = case_steps.plan_of(view.connection, row["tenant"], row["case_id"])
    if plan is None:
        return None
    found = open_steps(plan.type, plan.state)
    found.sort(key=lambda item: not _of_exception(plan, item))
    speaks = customer_language if customer_language in ("de", "en") else view.language
    record = case_record.of_case(view.connection, row)
    fields = case_fields.of_case(view.connection, plan, row["tenant"], row["case_id"])
    step = plan.type.items.get((refused or {}).get("step", ""))
    entered = {} if step is None or refused is None else as_entered(step, refused)
    return Shown(
        plan, found, view.language, speaks, record, entered, fields, viewer=view.caller.name
    )


def of_partner(view: View, plan: case_steps.Plan) -> Shown:
    """Return a plan for a partner, who sees the form of their own step only."""
    return Shown(plan, [], view.language, view.language, viewer=view.caller.name)


def who_of(language: str, author: str, viewer: str) -> str:
    """Return who entered a value, as the viewer calls them."""
    texts = Texts(language)
    if author == viewer:
        return str(texts("plan.by_you"))
    if matter.is_customer(author):
        return str(texts("plan.who.customer"))
    return str(texts("plan.by_us")) if matter.is_customer(viewer) else author


def fields(view: View) -> Response:
    """GET and POST /cases/{case}/fields: what is entered in the open steps, while it is entered."""
    row = case_flow.visible(
        view.connection, view.tenant, view.caller.side, view.request.path_params["case"]
    )
    if row is None or row["withdrawn"] is not None:
        raise not_found()
    view.log(of_rows([row], "case", "case_id"), "case", "cases")
    if view.request.method == "POST":
        return written(view, view.connection, view.tenant, row["case_id"], view.caller.name)
    plan = case_steps.plan_of(view.connection, view.tenant, row["case_id"])
    if plan is None:
        raise not_found()
    return listed(
        view, view.connection, plan, row, view.caller.name, open_steps(plan.type, plan.state)
    )


def written(
    view: View,
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    customer: str | None = None,
) -> Response:
    """Write what a form sends of one field; the answer is the field as it stands now."""
    form = view.form
    numbers = [form.get(name, "") for name in ("times", "base")]
    if not all(re.fullmatch(r"\d{1,6}", number) for number in numbers):
        raise Problem(422, "invalid", "times and base are numbers", "Open the page again.")
    entered, accepted = case_fields.write(
        connection, tenant, case_id, author, form.get("step", "")[:64], int(numbers[0]),
        form.get("field", "")[:64], form.get("value", ""), int(numbers[1]), view.now_us,
        customer=customer,
    )  # fmt: skip
    return view.finish(JSONResponse({**_as_json(view, entered, author), "accepted": accepted}))


def listed(
    view: View,
    connection: Connection,
    plan: case_steps.Plan,
    case: Mapping[str, Any],
    author: str,
    steps: Sequence[Item],
) -> Response:
    """Return what was entered in the given steps, and which of them have a form now."""
    found: dict[str, Any] = {}
    for (step, name), entered in case_fields.of_case(
        connection, plan, case["tenant"], case["case_id"]
    ).items():
        if step not in {item.id for item in steps}:
            continue
        one = found.setdefault(step, {"times": plan.state.items[step].times, "fields": {}})
        one["fields"][name] = _as_json(view, entered, author)
    forms = [
        f"{item.id} {plan.state.items[item.id].times}"
        for item in steps
        if item.kind == Kind.HUMAN and plan.state.items[item.id].state == State.ACTIVE
    ]
    return view.finish(JSONResponse({"steps": found, "open": forms}))


def _as_json(view: View, entered: Entered, viewer: str) -> dict[str, Any]:
    def value(one: Value) -> dict[str, str]:
        return {"value": one.value, "who": who_of(view.language, one.author, viewer)}

    return {
        "number": entered.number,
        **value(entered.accepted),
        "rivals": [value(one) for one in entered.rivals],
    }


def collisions(
    view: View, connection: Connection, tenant: str, case_id: str, author: str, item: Item
) -> list[str]:
    """Return the fields of a sent form that somebody else has changed since; both values stay."""
    sent = {
        one.name: view.form[f"field.{one.name}"]
        for one in item.form
        if f"field.{one.name}" in view.form
    }
    bases = {
        name: int(base)
        for name in sent
        if re.fullmatch(r"\d{1,6}", base := view.form.get(f"base.{name}", ""))
    }
    return case_fields.check(connection, tenant, case_id, author, item, sent, bases, view.now_us)


def _of_exception(plan: case_steps.Plan, item: Item) -> bool:
    return item.parent is not None and plan.type.items[item.parent].exception


def act(view: View) -> Response:
    """POST /cases/{case}/steps: complete or change a step, or report what fits no rule."""
    row = case_flow.visible(
        view.connection, view.tenant, view.caller.side, view.request.path_params["case"]
    )
    if row is None:
        raise not_found()
    view.log(of_rows([row], "case", "case_id"), "case", "cases")
    form, case_id = view.form, row["case_id"]
    action, step = form.get("action", ""), form.get("step", "")[:64]
    text = form.get("text", "").strip()[:_MAX_TEXT].replace("\x00", "")
    path, version = f"/cases/{quote(case_id)}", form_version(view)
    if action == What.COMPLETE:
        return _complete(view, case_id, step, path, version)
    if action not in (*_ACTIONS, *_OF_CASE):
        return view.go(path)
    case_steps.act(
        view.connection, view.tenant, case_id, view.caller.name, view.now_us, What(action),
        item="" if action in _OF_CASE else step, text=text, expected_version=version,
    )  # fmt: skip
    return view.go(path, "step_changed")


def _complete(view: View, case_id: str, step: str, path: str, version: int | None) -> Response:
    plan = case_steps.plan_of(view.connection, view.tenant, case_id)
    if plan is None or step not in plan.type.items:
        raise not_found()
    item, who = plan.type.items[step], view.caller.name
    if view.form.get("times") == str(plan.state.items[step].times):
        version = None  # the step's own version, and those of its fields, are compared
    if collisions(view, view.connection, view.tenant, case_id, who, item):
        return view.go(path, "both_wrote")
    for document in item.documents:
        if view.form.get(f"document.{document.id}") == "1":
            case_steps.act(
                view.connection, view.tenant, case_id, who, view.now_us, What.DOCUMENT,
                text=document.id, expected_version=version,
            )  # fmt: skip
            version = None  # checked, and the case is locked
    data = entered(item, view.form)
    row = case_flow.visible(view.connection, view.tenant, view.caller.side, case_id)
    if row is not None:
        data |= asking.known(item, case_record.of_case(view.connection, row))
    case_steps.act(
        view.connection, view.tenant, case_id, who, view.now_us, What.COMPLETE,
        item=step, data=data, expected_version=version,
    )  # fmt: skip
    return view.go(path, "step_done")


def entered(item: Item, form: Mapping[str, str]) -> dict[str, Any]:
    """Return field → value of what a form sends, by the types of the step's fields."""
    return {
        one.name: value
        for one in item.form
        if (value := _value(one, form.get(f"field.{one.name}", ""))) is not None
    }


def as_entered(item: Item, form: Mapping[str, str]) -> dict[str, Any]:
    """Return field → value as it was entered, also what does not fit, to show it again."""
    found: dict[str, Any] = {}
    for one in item.form:
        text = form.get(f"field.{one.name}")
        if text is not None:
            found[one.name] = text == "1" if one.type == "boolean" and text else text
    return found


def _value(field: FormField, text: str) -> Any:
    """Convert what a form sends; None where nothing was entered."""
    text = text.strip()[:_MAX_TEXT].replace("\x00", "")
    if not text:
        return None
    if field.type == "boolean":
        return text == "1"
    if field.type not in ("number", "integer"):
        return text
    try:
        return int(text) if field.type == "integer" else float(text.replace(",", "."))
    except ValueError:
        raise Problem(422, "invalid", f"{field.name}: no number", "Enter a number.") from None


def types_for(view: View) -> list[tuple[str, str]]:
    """Return (id, title) of the types that the viewer can open for a customer."""
    side = view.caller.side
    found = rule_versions.all_current(view.connection, view.tenant, CASE_TYPE).values()
    pairs = [
        (one.id, str(getattr(one.spec.title, view.language)))
        for one in found
        if side is None or one.spec.side in (None, side)
    ]
    return sorted(pairs, key=lambda pair: pair[1])


def open_case(view: View) -> Response:
    """POST /customers/{customer}/cases: open a case of a type for a customer."""
    customer = view.request.path_params["customer"]
    if subjects.customer(view.connection, view.tenant, customer) is None:
        raise not_found()
    chosen = view.form.get("type", "")[:64]
    side = view.caller.side or view.form.get("side") or None
    row = case_steps.open_(
        view.connection, view.tenant, chosen, view.caller.name, view.now_us,
        customer=customer, side=side if side in ("insurer", "utility") else None,
    )  # fmt: skip
    return view.go(f"/cases/{quote(row['case_id'])}", "case_opened")
