"""The columns whose values are sealed with the key of the row's customer. What stores free text or
an address of a customer is listed here, so that upgrade and export reach it."""

from dataclasses import dataclass

OWN = "own1:"
"""Begins a value that a customer's key has sealed: own1:<key id>:<nonce, ciphertext, tag>."""


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table with such columns. row : its key, to which each value is bound; values : of the
    columns, the first is in every row; read : more columns that sealing needs."""

    table: str
    row: str
    values: tuple[str, ...]
    more: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """All columns that sealing needs."""
        return (self.row, "tenant", "customer", *self.values, *self.more)

    def bound_to(self, column: str, row: object) -> str:
        """Return what a value is bound to."""
        return f"{self.table}.{column}:{row}"


CONTACT_POINTS = OwnTable("customers.contact_point", "point_id", ("value",))
INTERACTIONS = OwnTable(
    "customers.interaction", "interaction_id", ("summary", "body"),
    ("kind", "channel", "reference"),
)  # fmt: skip
RIGHTS = OwnTable("privacy.rights_request", "request_id", ("details",))

OWN_TABLES = (CONTACT_POINTS, INTERACTIONS)
"""Those that have rows of before customers had keys."""
