"""Case types in use: the shipped ones, those that a tenant has recorded, and which are in force."""

import difflib
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from customer_context.cases.case_types import CaseType, load
from runtime.errors import Invalid, NotFound, Usage
from store.casework import case_types as stored
from store.casework.cases import AUTHOR
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


@lru_cache(maxsize=256)
def _loaded(text: str, name: str) -> CaseType:
    return load(text, name)


def current(connection: Connection, tenant: str, id_: str) -> CaseType:
    """Return the type that new cases follow. Raises `NotFound`."""
    digest = stored.in_force(connection, tenant).get(id_)
    if digest is not None:
        return of_digest(connection, tenant, digest)
    if id_ not in shipped():
        raise NotFound(f"there is no case type {id_!r}")
    return shipped()[id_]


def of_digest(connection: Connection, tenant: str, digest: str) -> CaseType:
    """Return the type that a running case follows, whatever is in force now."""
    text = stored.text(connection, tenant, digest)
    if text is None:
        raise NotFound(f"there is no case type with the digest {digest}")
    return _loaded(text, digest[:12])


def keep(connection: Connection, tenant: str, case_type: CaseType, by: str, now_us: int) -> bool:
    """Record the text of a type, so that cases finish on it; return whether it is new."""
    return stored.put(
        connection,
        tenant=tenant,
        digest=case_type.digest,
        case_type=case_type.id,
        version=case_type.spec.version,
        text=case_type.text,
        by=by,
        now_us=now_us,
    )


def record(connection: Connection, tenant: str, text: str, by: str, now_us: int) -> CaseType:
    """Check and record a new version of a type; it is not in force yet.

    Raises `Invalid` with what is wrong, also where another text has the same id and version.
    """
    try:
        case_type = load(text, "case type")
    except Usage as error:
        raise Invalid(str(error)) from None
    for row in list_(connection, tenant):
        same = (row["case_type"], row["version"]) == (case_type.id, case_type.spec.version)
        if same and row["digest"] != case_type.digest:
            raise Invalid(
                f"{case_type.id} version {case_type.spec.version} is another text: "
                "raise the version"
            )
    keep(connection, tenant, case_type, by, now_us)
    return case_type


def list_(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Return all versions of all types with whether they are in force.

    Shipped ones come first; recorded_by : tachowatt, where nobody recorded it.
    """
    in_force = stored.in_force(connection, tenant)
    found: dict[str, dict[str, Any]] = {
        case_type.digest: {
            "case_type": case_type.id,
            "version": case_type.spec.version,
            "digest": case_type.digest,
            "recorded_at": None,
            "recorded_by": AUTHOR,
        }
        for case_type in shipped().values()
    }
    for row in stored.list_(connection, tenant):
        found.setdefault(row["digest"], row)
    now = {type_.digest for id_, type_ in shipped().items() if id_ not in in_force}
    now |= set(in_force.values())
    return [{**row, "in_force": digest in now} for digest, row in found.items()]


def before(connection: Connection, tenant: str, id_: str) -> CaseType:
    """Return the version that was in force before the present one; the shipped one at last.

    Raises `NotFound` where there was none.
    """
    found = stored.activations(connection, tenant, id_)
    if len(found) > 1:
        return of_digest(connection, tenant, found[1]["digest"])
    if not found or id_ not in shipped():
        raise NotFound(f"case type {id_!r}: nothing was in force before")
    return shipped()[id_]


def compared(connection: Connection, tenant: str, digest: str) -> dict[str, Any]:
    """Return id, title, version of a recorded text, and its difference to the one in force."""
    new = of_digest(connection, tenant, digest)
    try:
        old = current(connection, tenant, new.id)
    except NotFound:
        return _named(new, difference(None, new))
    return _named(new, difference(old, new))


def _named(new: CaseType, changed: str) -> dict[str, Any]:
    return {
        "id": new.id,
        "version": new.spec.version,
        "title": new.spec.title.model_dump(),
        "difference": changed,
    }


def difference(old: CaseType | None, new: CaseType) -> str:
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
