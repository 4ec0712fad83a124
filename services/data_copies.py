"""Read a copy of a customer's data that was made for them (services/rights_execution.py)."""

import base64
from dataclasses import dataclass

from runtime.errors import NotFound
from runtime.secret_box import SecretBox
from services.customer_keys import CustomerKeys
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.privacy import exports

PART_BYTES = 1 << 20
"""Clear bytes of one piece of a copy."""


def part_bound_to(request_id: str, part: int) -> str:
    """Return what a piece of a copy is bound to."""
    return f"privacy.export_part.content:{request_id}:{part}"


@dataclass(frozen=True, slots=True)
class DataCopy:
    """A copy that has not expired. size_bytes : of the whole; parts : number of pieces."""

    request_id: str
    size_bytes: int
    sha256: str
    box: SecretBox

    @property
    def parts(self) -> int:
        """Number of pieces."""
        return -(-self.size_bytes // PART_BYTES)

    @property
    def digest_base64(self) -> str:
        """SHA-256 of the whole as base64."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()

    def read(self, connection: Connection, part: int) -> bytes:
        """Return a piece in clear. Raises `NotFound` where it is gone."""
        sealed = exports.part(connection, self.request_id, part)
        if sealed is None:
            raise NotFound("the copy is deleted")
        return self.box.open_bytes(sealed, part_bound_to(self.request_id, part))


def find(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    customer: str,
    request_id: str,
    now_us: int,
) -> DataCopy:
    """Return the copy of a request. Raises `NotFound` where there is none (any more)."""
    ids = same_as(connection, tenant, customer)
    row = exports.get(connection, tenant, ids, request_id, from_us(now_us))
    own = None if row is None else CustomerKeys(box).find(connection, tenant, row["customer"])
    if row is None or own is None:
        raise NotFound("there is no copy of the data of this request")
    return DataCopy(request_id, row["bytes"], row["sha256"], own)
