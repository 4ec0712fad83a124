"""Files of actions as rules that two people bring into force (services/rule_versions.py).

A file is an issue with its groups and actions. The file of what holds for all actions, `all.yaml`,
is none: its contact rules are those of all messages, and of all tenants.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from customer_context.next_best_action.model import Issue, is_of_all
from customer_context.next_best_action.rules import Rules
from customer_context.rules.form import read
from runtime.settings import Settings
from services import actions
from services.rule_versions import RuleKind
from store.casework import rules as stored
from store.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class ActionFile:
    """A file of actions. digest : SHA-256 of its text."""

    id: str
    text: str
    digest: str
    spec: Issue


def load(text: str, name: str) -> ActionFile:
    """Load a file, checked with the other files of this deployment. Raises `Usage`."""
    found = _parsed(text, name)
    actions.changed(of_files(), {name: text})
    return found


def of_files() -> Rules:
    """Return the actions of the files of this deployment. Raises `Usage`."""
    return actions.in_use(Settings().actions_dir)


@lru_cache(maxsize=256)
def _parsed(text: str, name: str) -> ActionFile:
    spec = read(Issue, text, name)
    return ActionFile(spec.id, text, hashlib.sha256(text.encode()).hexdigest(), spec)


def _base(_: Connection) -> Mapping[str, ActionFile]:
    texts = sorted(of_files().set.texts.items())
    found = [_parsed(text, name) for name, text in texts if not is_of_all(text)]
    return {one.id: one for one in found}


def _fits(connection: Connection, tenant: str, new: ActionFile) -> None:
    actions.changed(actions.of_tenant(connection, tenant, of_files()), {new.id: new.text})


ACTION: RuleKind[ActionFile] = RuleKind(actions.KIND, load, _base, "groups", _parsed, _fits)


def with_version(connection: Connection, tenant: str, live: Rules, digest: str) -> Rules | None:
    """Return the actions of a tenant with a recorded version in force; None where it is gone."""
    text = stored.text(connection, tenant, digest)
    return None if text is None else actions.changed(live, {f"{digest[:12]}.yaml": text})
