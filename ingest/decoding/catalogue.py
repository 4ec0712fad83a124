"""The list of dialects, `DIALECTS`, with their decoders, and the `Router` over them."""

from collections.abc import Iterable
from importlib import import_module
from types import MappingProxyType

from contracts.dialects import Dialect, Router
from ingest.decoding import dialects
from ingest.decoding.decoded import Decoder


def collect(package: str, names: Iterable[str]) -> tuple[Dialect[Decoder], ...]:
    """Load the `DIALECT` records of a package's modules.

    Raises `ValueError` for a module without a record, or with a record of another name.
    """
    found = []
    for name in names:
        record = getattr(import_module(f"{package}.{name}"), "DIALECT", None)
        if not isinstance(record, Dialect):
            raise ValueError(f"{package}/{name}.py has no DIALECT, the record of its dialect")
        if record.name != name:
            raise ValueError(f"{package}/{name}.py holds the dialect {record.name!r}; rename one")
        found.append(record)
    return tuple(found)


DIALECTS = collect(dialects.__name__, dialects.NAMES)
BY_NAME = MappingProxyType({dialect.name: dialect for dialect in DIALECTS})
ROUTER = Router(DIALECTS)
