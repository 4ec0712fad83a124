"""Seal and open what belongs to one customer, with a key of their own.

The key is stored sealed with the key of stored secrets (runtime/secret_box.py), so that a rotation
seals keys and not texts. Erasure deletes the key: what it sealed is unreadable from then on, also
in a backup that has the key of stored secrets apart.
"""

import secrets
from collections.abc import Collection

from runtime.secret_box import Key, SecretBox, box_with, key_id_of
from store.people import customer_keys as store
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.secrets.columns import CUSTOMER_KEY


class CustomerKeys:
    """Boxes of customers. For one request or command: it keeps the keys that it has opened."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box
        self._boxes: dict[tuple[str, str], SecretBox] = {}

    def load(self, connection: Connection, tenant: str, customers: Collection[str]) -> None:
        """Open the keys of several customers in one query."""
        wanted = {c for c in customers if (tenant, c) not in self._boxes}
        if not wanted:
            return
        for customer, (key_id, sealed) in store.of_customers(connection, tenant, wanted).items():
            text = self._box.open(sealed, CUSTOMER_KEY.bound_to(key_id))
            self._boxes[tenant, customer] = box_with(Key(bytes.fromhex(text)))

    def find(self, connection: Connection, tenant: str, customer: str) -> SecretBox | None:
        """Return the box of a customer; None where they have no key (any more)."""
        self.load(connection, tenant, (customer,))
        return self._boxes.get((tenant, customer))

    def make(self, connection: Connection, tenant: str, customer: str, now_us: int) -> SecretBox:
        """Return the box of a customer; make the key if there is none. The caller commits."""
        found = self.find(connection, tenant, customer)
        if found is not None:
            return found
        key_id = secrets.token_hex(12)
        sealed = self._box.seal(secrets.token_bytes(32).hex(), CUSTOMER_KEY.bound_to(key_id))
        store.add(connection, tenant, customer, key_id, sealed, from_us(now_us))
        found = self.find(connection, tenant, customer)
        assert found is not None, "it was inserted, here or by another process"
        return found

    def seal(
        self, connection: Connection, tenant: str, customer: str, text: str, bound_to: str,
        now_us: int,
    ) -> str:  # fmt: skip
        """Seal a text with the customer's key; an empty one stays empty."""
        if not text:
            return ""
        return self.make(connection, tenant, customer, now_us).seal(text, bound_to)

    def open(
        self, connection: Connection, tenant: str, customer: str, stored: str, bound_to: str
    ) -> str:
        """Return the text of a stored value; one that is not sealed stays as it is.

        '' where the key is gone.
        """
        if key_id_of(stored) is None:
            return stored
        box = self.find(connection, tenant, customer)
        return "" if box is None else box.open(stored, bound_to)
