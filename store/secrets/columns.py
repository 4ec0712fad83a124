"""The columns whose values are sealed (runtime/secret_box.py). What stores a secret is listed here,
so that upgrade, rotation and status reach it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed texts.

    table, value : the column. row : the table's key. owner : the column whose value each text is
    bound to; it never changes. constraint : the check, added as NOT VALID, that values are sealed;
    '' = there were never clear ones.
    """

    table: str
    value: str
    row: str
    owner: str
    constraint: str = ""

    @property
    def name(self) -> str:
        return f"{self.table}.{self.value}"

    def bound_to(self, owner: object) -> str:
        """Return what a value of this owner is bound to."""
        return f"{self.name}:{owner}"


RECEIVER_SECRET = SealedColumn(
    "contacts.receiver_secret", "secret", "secret_id", "receiver_id", "secret_is_sealed"
)

TOTP_SECRET = SealedColumn("access.credential", "totp", "person_id", "person_id")
IDENTITY_SEAL = SealedColumn("access.identity", "seal", "identity_id", "identity_id")
CONTACT_POINT = SealedColumn("customers.contact_point", "value", "point_id", "point_id")
"""Values of before customers had keys of their own (own_columns.py)."""
LOOKUP_KEY = SealedColumn("access.lookup_key", "key", "tenant", "tenant")
SIGNING_KEY = SealedColumn("access.signing_key", "secret", "key_id", "key_id")
CASE_FILE_KEY = SealedColumn("contacts.case_file", "key", "file_id", "file_id")
CASE_FILE_POSITION = SealedColumn("contacts.case_file", "position", "file_id", "file_id")
"""Of cases that are nobody's, and of before customers had keys (own_columns.py)."""
CUSTOMER_KEY = SealedColumn("privacy.customer_key", "key", "key_id", "key_id")
CALL_CODE = SealedColumn("contacts.call_code", "code", "call_id", "call_id")
CALL_ADDRESS = SealedColumn("contacts.call_code", "address", "call_id", "call_id")
"""Both end within minutes, so that no rotation of keys seals them again."""

COLUMNS = (
    RECEIVER_SECRET, TOTP_SECRET, IDENTITY_SEAL, LOOKUP_KEY, SIGNING_KEY,
    CASE_FILE_KEY, CASE_FILE_POSITION, CUSTOMER_KEY,
)  # fmt: skip
