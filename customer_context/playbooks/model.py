"""Playbooks: YAML rules from signals to cases and contacts (docs/playbooks.md).

A playbook's author writes no code: conditions are CEL, texts are sandboxed Jinja2. Loading tries
each condition and text with every field of its signal's data filled, and with each nullable field
null.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jinja2
from pydantic import Discriminator, Field, Tag

from contracts.channels import CHANNELS, TO_CUSTOMER, TO_RECEIVERS
from contracts.contacts import ABOUT
from contracts.kinds import LANGUAGES
from contracts.purposes import Purpose
from contracts.signals import DATA
from customer_context.playbooks.text import TextError, compile_text
from customer_context.rules.conditions import ConditionError, compiled, holds
from customer_context.rules.form import Part, Slug, Texts, read, wrong
from customer_context.rules.import_cel import cel

Side = Literal["insurer", "utility"]


_Minutes = Annotated[int, Field(ge=1, le=525_600)]
DEFAULT_MAX_AGE_MIN = 24 * 60


class Trigger(Part):
    """signal : its type; when : CEL over `signal` and `data`.

    max_age_min : nothing is done about an older signal; null = however old it is.
    """

    signal: str
    when: str = "true"
    max_age_min: _Minutes | None = DEFAULT_MAX_AGE_MIN


class Case(Part):
    """A case to open. deadline_min : minutes from the event; when : added to the trigger's.

    type : of the case (docs/case-types.md); None = a case without steps. skill : that who works on
    it needs; None = any.
    """

    kind: Slug
    type: Slug | None = None
    side: Side
    skill: Slug | None = None
    title: Texts
    deadline_min: _Minutes | None = None
    when: str = "true"


class Webhook(Part):
    """A webhook to all active receivers of a side. max_age_min : beside the trigger's."""

    id: Slug
    to: Side
    channel: Literal["webhook"]
    type: str
    when: str = "true"
    max_age_min: _Minutes | None = None


class Message(Part):
    """A message to the customer, in their language. max_age_min : beside the trigger's."""

    id: Slug
    to: Literal["customer"]
    channel: str
    subject: Texts
    body: Texts
    when: str = "true"
    max_age_min: _Minutes | None = None


def _model_of(contact: Any) -> str | None:
    """Return the model of a contact by its channel."""
    channel = (
        contact.get("channel") if isinstance(contact, dict) else getattr(contact, "channel", None)
    )
    if channel in TO_RECEIVERS:
        return "receivers"
    return "customer" if channel in TO_CUSTOMER else None


Contact = Annotated[
    Annotated[Webhook, Tag("receivers")] | Annotated[Message, Tag("customer")],
    Discriminator(
        _model_of,
        custom_error_type="channel",
        custom_error_message=f"expected as channel one of {', '.join(CHANNELS)}",
    ),
]


class Spec(Part):
    """A playbook's file."""

    id: Slug
    version: int = Field(ge=1)
    title: Texts
    trigger: Trigger
    purpose: Purpose = Field(strict=False)
    urgent: bool = False
    case: Case | None = None
    contacts: list[Contact] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Playbook:
    """A valid playbook. file : its name; digest : SHA-256 of its text."""

    spec: Spec
    file: str
    text: str
    digest: str
    conditions: Mapping[str, cel.Program]
    texts: Mapping[tuple[str, str], jinja2.Template]

    @property
    def id(self) -> str:
        """The id in decisions and contacts."""
        return self.spec.id

    def holds(self, where: str, signal: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
        """Return whether the condition at `where` holds. Raises `ConditionError`."""
        return holds(self.conditions[where], {"signal": dict(signal), "data": dict(data)})


def parse(text: str, file: str) -> Playbook:
    """Parse a playbook's text. Raises `Usage` with file, field and the expected value."""
    spec = read(Spec, text, file)
    if spec.trigger.signal not in DATA:
        raise wrong(file, "trigger.signal", f"expected one of {', '.join(DATA)}")
    _check_contacts(spec, file)
    conditions = {}
    for where, source in conditions_of(spec):
        try:
            conditions[where] = compiled(source)
        except ConditionError as error:
            raise wrong(file, where, str(error)) from None
    texts = {}
    for where, pair in texts_of(spec):
        for language in LANGUAGES:
            try:
                texts[where, language] = compile_text(getattr(pair, language))
            except TextError as error:
                raise wrong(file, f"{where}.{language}", f"no template: {error}") from None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Playbook(spec, file, text, digest, conditions, texts)


def conditions_of(spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield (where, CEL) of all conditions."""
    yield "trigger.when", spec.trigger.when
    if spec.case is not None:
        yield "case.when", spec.case.when
    for contact in spec.contacts:
        yield f"contacts.{contact.id}.when", contact.when


def texts_of(spec: Spec) -> Iterator[tuple[str, Texts]]:
    """Yield (where, texts) of all texts."""
    if spec.case is not None:
        yield "case.title", spec.case.title
    for contact in spec.contacts:
        if isinstance(contact, Message):
            yield f"contacts.{contact.id}.subject", contact.subject
            yield f"contacts.{contact.id}.body", contact.body


def _check_contacts(spec: Spec, file: str) -> None:
    ids = [contact.id for contact in spec.contacts]
    for i, contact in enumerate(spec.contacts):
        where = f"contacts.{i}"
        if contact.id in ids[:i] or contact.id == "case":
            raise wrong(file, f"{where}.id", f"{contact.id!r} is taken; ids must differ")
        if isinstance(contact, Webhook):
            fitting = [t for t, signal in ABOUT.items() if signal == spec.trigger.signal]
            if contact.type not in fitting:
                raise wrong(
                    file,
                    f"{where}.type",
                    f"expected for signals of {spec.trigger.signal}: "
                    + (" or ".join(fitting) or "there is no webhook, leave this contact out"),
                )
    if spec.case is None and not spec.contacts:
        raise wrong(file, "contacts", "expected at least one contact, or a case")
