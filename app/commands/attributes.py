"""List custom attributes, or declare those of a YAML file.

The file has kind (customer, contract, vehicle, meter) → name → type (text, number, boolean, date,
choice), label in German and English, and what it may be used for (`purpose`, optional):

  customer:

    loyalty_level: {type: choice, choices: [blue, gold], label: {de: Treuestufe, en: Loyalty level}}

Values are sent with their objects: `attributes` in POST /v1/customers and in import files.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from contracts.attributes import AttributeKind, AttributeType
from contracts.channels import PURPOSES
from contracts.kinds import LANGUAGES
from contracts.topics import NAME
from runtime.clock import SystemClock
from runtime.errors import NotAllowed, Usage
from services import attributes as service
from store.people import attributes as store
from store.people.attributes import Attribute
from store.postgres.pool import connect, translated


def attributes(
    file: Annotated[Path | None, typer.Argument(help="YAML to declare; absent = list")] = None,
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    declared = [] if file is None else _read(file)
    with (
        database(load_settings(), SystemClock()) as url,
        translated(),
        connect(url) as connection,
    ):
        owner = the_tenant(connection, tenant)
        for one in declared:
            try:
                service.declare(connection, owner, one)
            except NotAllowed as error:
                raise Usage(f"{file}: {error}") from None
        connection.commit()
        found = store.declared(connection, owner)
    if json:
        print_json(
            [
                {
                    "kind": one.kind,
                    "name": one.name,
                    "type": one.type,
                    "choices": list(one.choices),
                    "purpose": one.purpose,
                    "label": dict(one.label),
                }
                for one in found
            ]
        )
        return
    print_table(
        "Custom attributes",
        ["kind", "name", "type", "purpose", "label"],
        [[one.kind, one.name, one.type, one.purpose or "", one.label["en"]] for one in found],
    )
    if file is not None:
        out.print(f"{len(declared)} declared")


def _read(file: Path) -> list[Attribute]:
    """Read declarations. Raises `Usage` that names what is wrong."""
    try:
        sections = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise Usage(f"{file}: {error}") from None
    if not isinstance(sections, dict):
        raise Usage(f"{file}: expected kinds: {', '.join(AttributeKind)}")
    found = []
    for kind, names in sections.items():
        if kind not in tuple(AttributeKind) or not isinstance(names, dict):
            raise Usage(f"{file}: {kind}: expected one of {', '.join(AttributeKind)}")
        found += [_one(file, kind, str(name), given) for name, given in names.items()]
    return found


def _one(file: Path, kind: str, name: str, given: Any) -> Attribute:
    where = f"{file}: {kind}.{name}"
    if not NAME.match(name) or not isinstance(given, dict):
        raise Usage(f"{where}: expected a name and its type and label")
    unknown = sorted(set(given) - {"type", "choices", "purpose", "label"})
    if unknown:
        raise Usage(f"{where}: there is no {unknown[0]!r}")
    type_, purpose = given.get("type"), given.get("purpose")
    if type_ not in tuple(AttributeType):
        raise Usage(f"{where}: type: expected one of {', '.join(AttributeType)}")
    choices = given.get("choices") or []
    if not isinstance(choices, list) or (type_ == AttributeType.CHOICE) != bool(choices):
        raise Usage(f"{where}: choices belong to the type choice, and to no other")
    if purpose is not None and purpose not in PURPOSES:
        raise Usage(f"{where}: purpose: expected one of {', '.join(PURPOSES)}")
    label = given.get("label")
    if not isinstance(label, dict) or set(label) != set(LANGUAGES):
        raise Usage(f"{where}: label: expected {' and '.join(LANGUAGES)}")
    named = {language: str(text) for language, text in label.items()}
    return Attribute(kind, name, type_, tuple(map(str, choices)), purpose, named)
