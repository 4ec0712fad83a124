"""Credentials of devices: at the broker, and in the store which device has them since when.

The broker comes first: what the store then fails to record can be repeated, and a password that
nobody saw opens nothing.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from app.servers import dynamic_security as security
from contracts.dialects import Dialect
from ingest.decoding.catalogue import BY_NAME
from runtime.errors import Usage


class Broker(Protocol):
    """What provisions: a running broker, or the file of one that does not run."""

    def __enter__(self) -> "Broker": ...

    def __exit__(self, *_: object) -> None: ...

    def put(self, users: Sequence[tuple[security.Role, str]]) -> None:
        """Give users their roles and passwords, whether they are there or not."""

    def remove(self, user: str) -> bool:
        """Remove a user, which ends its session; False if it was not there."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device as a command names it."""

    dialect: Dialect[Any]
    address: str

    @classmethod
    def of(cls, address: str, dialect: str) -> "Device":
        """Raises `Usage` where there is no such dialect, or no such address in it."""
        found = BY_NAME.get(dialect)
        if found is None:
            raise Usage(f"dialect {dialect!r}: expected one of {', '.join(BY_NAME)}")
        try:
            found.rights(address)
        except ValueError as error:
            raise Usage(
                f"a device of dialect {dialect} is given as {found.address}: {error}"
            ) from None
        return cls(found, address)

    @property
    def user(self) -> str:
        """Its name at the broker."""
        return self.dialect.user(self.address)

    def settings(self, password: str, url: str) -> dict[str, Any]:
        """Return what a person sets on the device."""
        rights = self.dialect.rights(self.address)
        return {
            "dialect": self.dialect.name,
            "device": self.address,
            "url": url,
            "user": self.user,
            "password": password,
            "publish": [right.topic for right in rights if right.verb == "write"],
            "subscribe": [right.topic for right in rights if right.verb == "read"],
        }


Issued = tuple[Device, str]
"""A device and its new password."""


def issue(broker: Broker, devices: Sequence[Device]) -> list[Issued]:
    """Give devices new passwords, and their roles; sessions with the old ones end."""
    found = [(device, security.new_password()) for device in devices]
    broker.put(
        [(security.role_of_device(device.dialect, device.address), word) for device, word in found]
    )
    return found


class StoppedBroker:
    """The broker of a service that does not run: it reads its file when it starts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "StoppedBroker":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def put(self, users: Sequence[tuple[security.Role, str]]) -> None:
        """Give users their roles and passwords, whether they are there or not."""
        file = security.SecurityFile(self._path)
        for role, password in users:
            file.put(role, password)
        file.write()

    def remove(self, user: str) -> bool:
        """Remove a user; False if it was not there."""
        file = security.SecurityFile(self._path)
        was_there = user in file.users
        file.remove(user)
        file.write()
        return was_there


def read_devices(path: Path) -> list[Device]:
    """Read devices from NDJSON or CSV: `device` (the address), and `dialect` (default: native).

    Files for `tachowatt import` are read too: `tenant` and `device`, or `address`. Raises `Usage`
    that names the line.
    """
    if not path.is_file():
        raise Usage(f"{path}: no such file")
    text = path.read_text(encoding="utf-8-sig")
    rows: Iterable[tuple[int, Any]]
    if path.suffix == ".csv":
        rows = enumerate(csv.DictReader(text.splitlines()), start=2)
    else:
        rows = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    rows.append((number, json.loads(line)))
                except ValueError:
                    raise Usage(f"{path}, line {number}: not JSON") from None
    return [_device_of_row(row, f"{path}, line {number}") for number, row in rows]


def _device_of_row(row: Any, where: str) -> Device:
    if not isinstance(row, dict):
        raise Usage(f"{where}: expected an object with `device`")
    dialect = row.get("dialect") or "native"
    address = row.get("address") or row.get("device") or row.get("id")
    if not address:
        raise Usage(f"{where}: `device` is missing")
    if not row.get("address") and row.get("tenant") and "/" not in address:
        address = f"{row['tenant']}/{address}"
    try:
        return Device.of(str(address), str(dialect))
    except Usage as error:
        raise Usage(f"{where}: {error}") from None
