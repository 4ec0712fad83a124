"""The columns whose values are sealed with the key of the row's customer. What stores free text or
an address of a customer is listed here, so that upgrade and export reach it."""

from dataclasses import dataclass

OWN = "own1:"
"""Begins a value that a customer's key has sealed: own1:<key id>:<nonce, ciphertext, tag>."""


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table with such columns.

    row : its key, or ctid where that has several columns; values : of the columns, the first shows
    whether the row is sealed; more : columns that sealing needs too. bound : the column whose value
    each text is bound to, '' = the row. of_case : the customer is that of the row's case. json : of
    the values, those that are JSON and sealed as one JSON string. waits : condition of a row `t`
    that is not sealed, where it is another than that the first value is not.
    """

    table: str
    row: str
    values: tuple[str, ...]
    more: tuple[str, ...] = ()
    bound: str = ""
    of_case: bool = False
    json: tuple[str, ...] = ()
    waits: str = ""

    @property
    def read(self) -> tuple[str, ...]:
        """All columns that sealing needs."""
        bound = (self.bound,) if self.bound else ()
        return (self.row, "tenant", "customer", *self.values, *self.more, *bound)

    def bound_to(self, column: str, row: object) -> str:
        """Return what a value is bound to; row : the value of `bound`, or of the row."""
        return f"{self.table}.{column}:{row}"

    @property
    def waiting(self) -> str:
        """Return the condition of a row `t` that no customer's key has sealed."""
        first = self.values[0]
        return self.waits or f"t.{first} is not null and not starts_with(t.{first}, '{OWN}')"


CONTACT_POINTS = OwnTable("customers.contact_point", "point_id", ("value",))
INTERACTIONS = OwnTable(
    "customers.interaction", "interaction_id", ("summary", "body"),
    ("kind", "channel", "reference"),
)  # fmt: skip
RIGHTS = OwnTable("privacy.rights_request", "request_id", ("details",))

NOTES = OwnTable(
    "contacts.case_entry", "entry_id", ("text",), bound="case_id", of_case=True,
    waits=f"t.kind = 'note' and not starts_with(t.text, '{OWN}')",
)  # fmt: skip
FIELDS = OwnTable(
    "contacts.case_field", "ctid", ("value",), bound="case_id", of_case=True,
    waits=f"t.value <> '' and not starts_with(t.value, '{OWN}')",
)  # fmt: skip
REASONS = OwnTable(
    "contacts.case_event", "ctid", ("text", "changes", "effects"), bound="case_id", of_case=True,
    json=("changes", "effects"), waits=f"t.text <> '' and not starts_with(t.text, '{OWN}')",
)  # fmt: skip
"""What an event changed and led to may quote its reason."""
FORMS = OwnTable(
    "contacts.case_plan", "case_id", ("data",), of_case=True, json=("data",),
    waits="jsonb_typeof(t.data) = 'object' and t.data <> '{}'",
)  # fmt: skip
RESOLUTIONS = OwnTable(
    "contacts.service_case", "case_id", ("resolution",), ("title",),
    waits=f"t.resolution <> '' and not starts_with(t.resolution, '{OWN}')",
)  # fmt: skip
FILES = OwnTable("contacts.case_file", "file_id", ("key", "position"))
READING_PHOTOS = OwnTable("customers.reading_photo", "file_id", ("key",))
CLAIMS = OwnTable("contacts.claim_file", "case_id", ("jws",), of_case=True)

OWN_TABLES = (
    CONTACT_POINTS, INTERACTIONS, NOTES, FIELDS, REASONS, FORMS, RESOLUTIONS, FILES, CLAIMS,
)  # fmt: skip
"""Those that have rows of before they were sealed."""
