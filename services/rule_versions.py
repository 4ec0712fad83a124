"""Rules that change without code: versions, difference, which is in force (docs/rules.md).

One mechanism for all kinds of rules. The file of a rule (shipped, or of a folder of the settings)
is the base; a version that a second person approved replaces it, for its tenant, until another one
is activated.

A further kind needs its name in contracts/approvals.py (`RULES`) and a `RuleKind` in
services/rule_kinds.py.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

from contracts.approvals import ACTIVATE
from customer_context.four_eyes.rule import Actor
from customer_context.rules.form import Texts
from runtime.errors import Invalid, NotFound, Usage
from services import four_eyes
from store.casework import rules as stored
from store.casework.cases import AUTHOR
from store.people.approvals import ChangeRow
from store.postgres.pool import Connection


class Spec(Protocol):
    """What every file of rules says about itself."""

    @property
    def version(self) -> int:
        """Ascending; two texts of a rule differ in it."""

    @property
    def title(self) -> Texts:
        """What people call it."""


class Rule(Protocol):
    """A valid rule. digest : SHA-256 of its text."""

    @property
    def id(self) -> str:
        """The id in its text."""

    @property
    def text(self) -> str:
        """YAML."""

    @property
    def digest(self) -> str:
        """Of the text."""

    @property
    def spec(self) -> Spec:
        """What the text says."""


R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True)
class RuleKind(Generic[R]):
    """A kind of rule.

    load : of (text, name), raises `Usage` with what is wrong; base : the rules of the files by id;
    marks : a top-level key that only its files have; of_record : loads a recorded text, where load
    checks more than the text; fits : raises `Usage` where a new version does not fit what is in
    force for a tenant.
    """

    name: str
    load: Callable[[str, str], R]
    base: Callable[[Connection], Mapping[str, R]]
    marks: str
    of_record: Callable[[str, str], R] | None = None
    fits: Callable[[Connection, str, R], None] | None = None


@lru_cache(maxsize=512)
def _loaded(load: Callable[[str, str], Any], text: str, name: str) -> Any:
    return load(text, name)


def loaded(kind: RuleKind[R], text: str, digest: str) -> R:
    """Load a recorded text; each text once in a process. Raises `Usage`."""
    found: R = _loaded(kind.of_record or kind.load, text, digest[:12])
    return found


def current(connection: Connection, tenant: str, kind: RuleKind[R], id_: str) -> R:
    """Return the rule that new matters follow. Raises `NotFound`."""
    digest = stored.in_force(connection, tenant, kind.name).get(id_)
    if digest is not None:
        return of_digest(connection, tenant, kind, digest)
    found = kind.base(connection).get(id_)
    if found is None:
        raise NotFound(f"there is no {kind.name} {id_!r}")
    return found


def all_current(connection: Connection, tenant: str, kind: RuleKind[R]) -> dict[str, R]:
    """Return the rules that new matters of a tenant follow, by id."""
    found = dict(kind.base(connection))
    for id_, digest in stored.in_force(connection, tenant, kind.name).items():
        found[id_] = of_digest(connection, tenant, kind, digest)
    return found


def of_digest(connection: Connection, tenant: str, kind: RuleKind[R], digest: str) -> R:
    """Return the rule that a running matter follows, whatever is in force now."""
    text = stored.text(connection, tenant, digest)
    if text is None:
        raise NotFound(f"there is no {kind.name} with the digest {digest}")
    return loaded(kind, text, digest)


def keep(
    connection: Connection, tenant: str, kind: RuleKind[R], rule: R, by: str, now_us: int
) -> bool:
    """Record the text of a rule, so that matters finish on it; return whether it is new."""
    return stored.put(
        connection,
        tenant=tenant,
        kind=kind.name,
        digest=rule.digest,
        id_=rule.id,
        version=rule.spec.version,
        text=rule.text,
        by=by,
        now_us=now_us,
    )


def record(
    connection: Connection, tenant: str, kind: RuleKind[R], text: str, by: str, now_us: int
) -> R:
    """Check and record a new version of a rule; it is not in force yet.

    The text that it would replace is recorded too, where it is a file's: matters that run by it
    keep it, and a rollback finds it. Raises `Invalid` with what is wrong, also where another text
    has the same id and version.
    """
    try:
        rule = kind.load(text, kind.name.replace("_", " "))
        if kind.fits is not None:
            kind.fits(connection, tenant, rule)
    except Usage as error:
        raise Invalid(str(error)) from None
    for row in versions(connection, tenant, kind, rule.id):
        if row["version"] == rule.spec.version and row["digest"] != rule.digest:
            raise Invalid(
                f"{rule.id} version {rule.spec.version} is another text: raise the version"
            )
    of_file = kind.base(connection).get(rule.id)
    if of_file is not None:
        keep(connection, tenant, kind, of_file, AUTHOR, now_us)
    keep(connection, tenant, kind, rule, by, now_us)
    return rule


def versions(
    connection: Connection, tenant: str, kind: RuleKind[R], id_: str | None = None
) -> list[dict[str, Any]]:
    """Return all versions of all rules of a kind, or of one, with whether they are in force.

    Those of files come first; recorded_by : tachowatt, where nobody recorded it.
    """
    in_force = stored.in_force(connection, tenant, kind.name)
    base = kind.base(connection)
    found: dict[str, dict[str, Any]] = {
        rule.digest: {
            "rule_id": rule.id,
            "version": rule.spec.version,
            "digest": rule.digest,
            "recorded_at": None,
            "recorded_by": AUTHOR,
        }
        for rule in base.values()
    }
    for row in stored.list_(connection, tenant, kind.name):
        found.setdefault(row["digest"], row)
    now = {rule.digest for id_, rule in base.items() if id_ not in in_force}
    now |= set(in_force.values())
    return [
        {**row, "in_force": digest in now}
        for digest, row in found.items()
        if id_ is None or row["rule_id"] == id_
    ]


def in_force_since(
    connection: Connection, tenant: str, kind: RuleKind[R]
) -> dict[str, dict[str, Any]]:
    """Return rule → its newest activation: activated_at, activated_by, approved_by."""
    found = stored.activations(connection, tenant, kind.name)
    return {row["rule_id"]: row for row in reversed(found)}


def history(
    connection: Connection, tenant: str, kind: RuleKind[R], id_: str
) -> list[dict[str, Any]]:
    """Return the activations of a rule, newest first, with version and both people."""
    return stored.activations(connection, tenant, kind.name, id_)


def before(connection: Connection, tenant: str, kind: RuleKind[R], id_: str) -> R:
    """Return the version that was in force before the present one; that of the file at last.

    Raises `NotFound` where there was none.
    """
    found = stored.activations(connection, tenant, kind.name, id_)
    if len(found) > 1:
        return of_digest(connection, tenant, kind, found[1]["digest"])
    base = kind.base(connection)
    if not found or id_ not in base:
        raise NotFound(f"{kind.name.replace('_', ' ')} {id_!r}: nothing was in force before")
    return base[id_]


def ask(
    connection: Connection,
    actor: Actor,
    name: str,
    kind: RuleKind[R],
    digest: str,
    reason: str,
    now_us: int,
) -> ChangeRow:
    """Ask for a recorded version to be brought into force. Raises `Refused`, `NotFound`."""
    subject = f"{kind.name}:{digest}"
    return four_eyes.ask(connection, actor, name, ACTIVATE[kind.name], subject, reason, now_us)


def compared(connection: Connection, tenant: str, kind: RuleKind[R], digest: str) -> dict[str, Any]:
    """Return id, title, version of a recorded text, and its difference to the one in force."""
    of_files = {rule.digest: rule for rule in kind.base(connection).values()}
    new = of_files.get(digest) or of_digest(connection, tenant, kind, digest)
    try:
        old = current(connection, tenant, kind, new.id)
    except NotFound:
        old = None
    return {
        "kind": kind.name,
        "id": new.id,
        "version": new.spec.version,
        "title": new.spec.title.model_dump(),
        "text": new.text,
        "difference": difference(old, new),
    }


def difference(old: R | None, new: R) -> str:
    """Return the unified difference of two texts; empty where they are the same."""
    name = "nothing" if old is None else f"{old.id} version {old.spec.version}"
    lines = difflib.unified_diff(
        [] if old is None else old.text.splitlines(),
        new.text.splitlines(),
        name,
        f"{new.id} version {new.spec.version}",
        lineterm="",
    )
    return "\n".join(lines)
