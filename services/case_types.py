"""Case types in use: rules (services/rule_versions.py) whose base is shipped."""

from functools import cache
from importlib import resources

from customer_context.cases.case_types import CaseType, load
from services import rule_versions
from services.rule_versions import RuleKind
from store.postgres.pool import Connection


@cache
def shipped() -> dict[str, CaseType]:
    """Return the shipped types by id."""
    folder = resources.files("customer_context.cases") / "shipped"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda f: f.name
    )
    found = [load(file.read_text(encoding="utf-8"), file.name) for file in files]
    return {case_type.id: case_type for case_type in found}


CASE_TYPE: RuleKind[CaseType] = RuleKind("case_type", load, lambda _: shipped(), "stages")


def current(connection: Connection, tenant: str, id_: str) -> CaseType:
    """Return the type that new cases follow. Raises `NotFound`."""
    return rule_versions.current(connection, tenant, CASE_TYPE, id_)


def of_digest(connection: Connection, tenant: str, digest: str) -> CaseType:
    """Return the type that a running case follows, whatever is in force now."""
    return rule_versions.of_digest(connection, tenant, CASE_TYPE, digest)


def keep(connection: Connection, tenant: str, case_type: CaseType, by: str, now_us: int) -> bool:
    """Record the text of a type, so that cases finish on it; return whether it is new."""
    return rule_versions.keep(connection, tenant, CASE_TYPE, case_type, by, now_us)
