"""`tachowatt import`: tenants, customers, contact points, contracts, vehicles, meters, devices,
assignments and consents from one YAML file, or from CSV files named after what they hold."""

import csv
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from contracts import contact_points
from contracts.channels import ADDRESSES, AnyPurpose
from contracts.contact_points import PointKind
from contracts.dialects import NATIVE
from contracts.purposes import DataCategory, LegalBasis, Method
from ingest.decoding.catalogue import BY_NAME
from runtime.errors import Usage
from services import attributes, consent
from services.consent_terms import Terms
from services.contact_points import ContactPoints, NewPoint
from services.registry_rows import (
    ContractRow,
    CustomerRow,
    Dated,
    MeterRow,
    Name,
    Row,
    VehicleRow,
    Zone,
)
from store.people import attributes as store_attributes
from store.people import (
    consent_requests,
    external_ids,
    households,
    identity,
    preferences,
    registry,
    tenants,
)
from store.people.recording import record_at
from store.postgres.pool import Connection, connect, translated
from store.postgres.times import from_us


def _dialect(value: str) -> str:
    if value not in BY_NAME:
        raise ValueError(f"there is no such dialect, expected one of {', '.join(BY_NAME)}")
    return value


def _mapping(value: object) -> object:
    """Read `object=Haus; register_kwh=Energie`, as a CSV file has it."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(";") if part.strip()]
    return {name.strip(): key.strip() for name, _, key in pairs}


_CLOCK_TOLERANCE = timedelta(minutes=5)
_SOURCE = "registry"


class Tenant(Row):
    id: Name
    name: str
    timezone: Zone = "UTC"
    confirm_own_grants: bool | None = None
    """Whether a channel is confirmed by a link also where the customer, signed in, has granted it;
    None = as it is."""
    postal_address: str | None = None
    contact: str | None = None
    privacy_url: str | None = None
    storage_location: str | None = None
    jurisdiction: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    """What consent records say of the company; None = as it is."""


class _Customer(CustomerRow):
    tenant: Name


# Each kind of address is a column of its own.
_ADDRESS_COLUMNS: dict[str, Any] = {
    kind: (str | None, Field(default=None, pattern=f"^{pattern.pattern}$"))
    for kind, pattern in ADDRESSES.items()
}
Customer: type[Row] = create_model("Customer", __base__=_Customer, **_ADDRESS_COLUMNS)


class ContactPoint(Row):
    """A number or address of a customer. The country of a number without code: phone_region."""

    tenant: Name
    customer: Name
    kind: PointKind
    value: str
    preferred: bool = False
    verified_at: AwareDatetime | None = None
    valid_from: AwareDatetime | None = Field(default=None, description="None = now")
    valid_to: AwareDatetime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ContactPoint":
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be after valid_from")
        return self


class Vehicle(VehicleRow):
    tenant: Name


class Meter(MeterRow):
    tenant: Name


class Contract(ContractRow):
    tenant: Name


class Device(Row):
    tenant: Name
    id: Name
    kind: Literal["vehicle", "meter"]
    dialect: Annotated[str, AfterValidator(_dialect)] = NATIVE
    address: str | None = Field(default=None, description="As docs/devices.md lists it")
    mapping: Annotated[dict[str, str], BeforeValidator(_mapping)] = Field(
        default={}, description="Which names of its bodies are meant"
    )

    @model_validator(mode="after")
    def _has_address(self) -> "Device":
        if self.dialect != NATIVE and not self.address:
            raise ValueError(
                f"a device of dialect {self.dialect} needs its address: "
                f"{BY_NAME[self.dialect].address}"
            )
        return self

    @model_validator(mode="after")
    def _has_mapping(self) -> "Device":
        known = BY_NAME[self.dialect].mapping
        for name in self.mapping:
            if name not in known:
                raise ValueError(
                    f"mapping: {name!r} is none of {', '.join(known)}"
                    if known
                    else f"a device of dialect {self.dialect} has no mapping"
                )
        return self


class Assignment(Dated):
    tenant: Name
    device: Name


class Consent(Row):
    tenant: Name
    customer: Name
    purpose: AnyPurpose
    state: Literal["granted", "withdrawn"] = "granted"
    legal_basis: LegalBasis = LegalBasis.CONSENT
    notice_version: str
    source: str
    at: AwareDatetime
    channel: Name | None = None
    data_category: DataCategory | None = None
    recipient: Name | None = None
    language: str | None = None
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    opt_in: Literal["confirmed"] | None = None
    """confirmed : the system that it comes from has asked the customer for a confirmation."""

    @model_validator(mode="after")
    def check_validity(self) -> "Consent":
        if self.state == "withdrawn" and (self.valid_from or self.valid_to or self.opt_in):
            raise ValueError("a withdrawal has no valid_from, no valid_to and no opt_in")
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("valid_to is not after valid_from")
        return self


SECTIONS: dict[str, type[Row]] = {
    "tenants": Tenant,
    "customers": Customer,
    "contact_points": ContactPoint,
    "vehicles": Vehicle,
    "meters": Meter,
    "contracts": Contract,
    "devices": Device,
    "assignments": Assignment,
    "consents": Consent,
}


def read_file(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Read the sections of a YAML file, or the one that names a CSV file (devices.csv).

    Raises `Usage`.
    """
    if not path.is_file():
        raise Usage(f"{path}: no such file")
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".csv":
        if path.stem not in SECTIONS:
            raise Usage(
                f"{path}: a CSV file is named after what it holds: "
                + ", ".join(f"{section}.csv" for section in SECTIONS)
            )
        rows = [
            {key: value for key, value in row.items() if value not in ("", None)}
            for row in csv.DictReader(text.splitlines())
        ]
        return {path.stem: rows}
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Usage(f"{path}: not YAML: {error}") from None
    if not isinstance(found, dict):
        raise Usage(f"{path}: expected sections {', '.join(SECTIONS)}")
    unknown = sorted(set(found) - set(SECTIONS))
    if unknown:
        raise Usage(f"{path}: unknown section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    return {section: list(rows or []) for section, rows in found.items()}


def validate(
    sections: Mapping[str, list[dict[str, Any]]], source: str
) -> dict[str, list[dict[str, Any]]]:
    """Validate rows for the store. Raises `Usage` that names section, row and field."""
    valid: dict[str, list[dict[str, Any]]] = {}
    for section, model in SECTIONS.items():
        rows = []
        for i, row in enumerate(sections.get(section, []), start=1):
            try:
                rows.append(model.model_validate(row).model_dump(mode="python"))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(str(part) for part in first["loc"]) or "row"
                found = "" if isinstance(first["input"], dict) else f" (found {first['input']!r})"
                raise Usage(
                    f"{source}: {section}, row {i}, {where}: {first['msg']}{found}"
                ) from None
        valid[section] = rows
    return valid


def write(
    database_url: str,
    sections: Mapping[str, list[dict[str, Any]]],
    now_us: int,
    points: ContactPoints | None = None,
    terms: Terms | None = None,
) -> dict[str, int]:
    """Write validated rows in one transaction; return the count per section.

    Not by `services.back_office.apply`, which answers each line and goes on: a file is written as a
    whole or not at all, with tenants, devices, addresses and consents. Both have the same models of
    rows (services/registry_rows.py), the same tables and the same triggers.

    points : records and seals contact points; None = leave them out (benches need none). terms : of
    consents; None = the defaults.
    Raises `Usage` if a row refers to something that neither file nor store has.
    """
    renamed = {
        "tenants": ("tenant", {"id": "tenant"}),
        "customers": ("customer", {"id": "customer"}),
        "vehicles": ("vehicle", {"id": "vehicle"}),
        "meters": ("meter", {"id": "meter"}),
        "contracts": ("contract", {"id": "contract"}),
        "devices": ("device", {"id": "device"}),
    }
    with connect(database_url) as connection:
        try:
            with translated():
                record_at(connection, now_us)
                changed = registry.changed_kinds(connection, sections.get("devices", []))
                if changed:
                    raise Usage(
                        f"device {changed[0]!r} is registered as another kind; register the new "
                        "one under another id"
                    )
                for section, (table, names) in renamed.items():
                    rows = [
                        {names.get(key, key): value for key, value in row.items()}
                        for row in sections.get(section, [])
                    ]
                    if section == "devices":
                        for row in rows:
                            if row["dialect"] == NATIVE:
                                row["address"] = f"{row['tenant']}/{row['device']}"
                    registry.upsert(connection, table, rows)
                    if section == "tenants":
                        _set_confirmations(connection, rows)
                    _external_ids(connection, table, rows)
                    _attributes(connection, table, rows)
                    if section == "customers":
                        registry.set_addresses(connection, rows, tuple(ADDRESSES))
                        put_households(connection, rows)
                        _put_channels(connection, rows)
                _contact_points(connection, sections, points, now_us)
                registry.assign(connection, sections.get("assignments", []))
                recorded_at = from_us(now_us)
                for row in sections.get("consents", []):
                    if row["at"] > recorded_at + _CLOCK_TOLERANCE:
                        raise Usage(
                            f"the consent of {row['customer']!r} is dated {row['at'].isoformat()}, "
                            "in the future; nobody has decided that yet"
                        )
                consent.import_decisions(
                    connection,
                    [
                        {"method": Method.IMPORT, **row, "recorded_at": recorded_at}
                        for row in sections.get("consents", [])
                    ],
                    terms,
                )
                try:
                    identity.check_one_place(connection)
                except identity.TwoPlaces as error:
                    raise Usage(
                        f"device {error.device!r} of {error.tenant!r} would be in two places at "
                        "once; end the earlier assignment with valid_to"
                    ) from None
                registry.bump(connection)
                connection.commit()
        except registry.Refused as error:
            raise Usage(f"a row refers to something that does not exist: {error}") from None
    return {section: len(rows) for section, rows in sections.items() if rows}


def put_households(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record the households that rows of customers name; the others stay as they are."""
    said: dict[str, dict[str, str | None]] = {}
    for row in rows:
        if row.get("household"):
            said.setdefault(row["tenant"], {})[row["customer"]] = row["household"]
    for tenant, of_tenant in said.items():
        households.put(connection, tenant, of_tenant)


def _put_channels(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record the channels that rows of customers name; the others stay as they are."""
    for row in rows:
        for matter, channel in row["channels"].items():
            tenant, customer = row["tenant"], row["customer"]
            preferences.put(connection, tenant, customer, matter, channel, None, "import")


def _set_confirmations(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        said = row.get("confirm_own_grants")
        if said is not None:
            consent_requests.set_confirms_own_grants(connection, row["tenant"], said)
        known = {name: row[name] for name in tenants.CONTROLLER if row.get(name) is not None}
        tenants.set_controller(connection, row["tenant"], known)


def _external_ids(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    named: dict[str, dict[str, Mapping[str, str]]] = {}
    for row in rows:
        if row.get("external_ids"):
            named.setdefault(row["tenant"], {})[row[table]] = row["external_ids"]
    for tenant, ids in named.items():
        external_ids.put(connection, tenant, table, ids)


def _attributes(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record custom attributes. Raises `Usage` where one does not fit what is declared."""
    said: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("attributes"):
            said.setdefault(row["tenant"], {})[row[table]] = row["attributes"]
    for tenant, values in said.items():
        for object_id, problems in attributes.problems(connection, tenant, table, values).items():
            raise Usage(f"{table} {object_id!r}: {problems[0].field}: {problems[0].message}")
        store_attributes.put(connection, tenant, table, values)


def _contact_points(
    connection: Connection,
    sections: Mapping[str, list[dict[str, Any]]],
    points: ContactPoints | None,
    now_us: int,
) -> None:
    """Record contact points, and the e-mail addresses of customers as such. Raises `Usage`."""
    if points is None:
        return
    for row in sections.get("customers", []):
        if row.get(PointKind.EMAIL):
            new = NewPoint(row["tenant"], row["id"], PointKind.EMAIL, row[PointKind.EMAIL])
            try:
                points.record(connection, new, _SOURCE, now_us, again=True)
            except contact_points.NotUsable as error:
                raise Usage(f"customer {row['id']!r}, email: {error}") from None
    for number, row in enumerate(sections.get("contact_points", []), start=1):
        more = {name: value for name, value in row.items() if name not in ("kind", "value")}
        new = NewPoint(kind=row["kind"], text=row["value"], **more)
        try:
            points.record(connection, new, _SOURCE, now_us)
        except contact_points.NotUsable as error:
            raise Usage(f"contact_points, row {number}, value: {error}") from None
