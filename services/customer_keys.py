"""Seal and open what belongs to one customer, with a key of their own (docs/adr/0056).

A sealed value is `own1:<key id>:<nonce, ciphertext and tag>`. The key is stored sealed with the key
of stored secrets (runtime/secret_box.py), so that a rotation seals keys and not texts. Erasure
deletes the key: what it sealed is unreadable from then on, also in a backup, which has no keys.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping

from runtime.secret_box import KEY_BYTES, PREFIX, Key, SecretBox, box_of, box_with
from runtime.settings import Settings
from store.people import customer_keys as store
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.secrets.columns import CUSTOMER_KEY
from store.secrets.own_columns import OWN

_DIGEST_BYTES = 9


class CustomerKeys:
    """Keys of customers. For one request or command: it keeps the keys that it has opened."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box
        self._keys: dict[str, Key] = {}
        self._of: dict[tuple[str, str], str] = {}

    # ── keys ────────────────────────────────────────────────────────────────────────────────────

    def load(self, connection: Connection, tenant: str, customers: Collection[str]) -> None:
        """Open the keys of several customers in one query."""
        wanted = {c for c in customers if (tenant, c) not in self._of}
        if wanted:
            for customer, (key_id, key) in store.of_customers(connection, tenant, wanted).items():
                self._keep(key_id, key)
                self._of[tenant, customer] = key_id

    def load_for(self, connection: Connection, stored: Iterable[str | None]) -> None:
        """Open the keys that stored values need, in one query."""
        wanted = {id_ for id_ in map(own_key_id, stored) if id_} - self._keys.keys()
        if wanted:
            for key_id, key in store.of_ids(connection, wanted).items():
                self._keep(key_id, key)

    def find(self, connection: Connection, tenant: str, customer: str) -> SecretBox | None:
        """Return the box of a customer; None where they have no key (any more)."""
        self.load(connection, tenant, (customer,))
        key_id = self._of.get((tenant, customer))
        return None if key_id is None else box_with(self._keys[key_id])

    def make_all(
        self, connection: Connection, tenant: str, customers: Collection[str], now_us: int
    ) -> None:
        """Make the keys of those who have none. The caller commits."""
        self.load(connection, tenant, customers)
        missing = sorted({c for c in customers if (tenant, c) not in self._of})
        if not missing:
            return
        made = {customer: Key(secrets.token_bytes(KEY_BYTES)) for customer in missing}
        rows = [
            (key.id, customer, self._box.seal(key.material.hex(), CUSTOMER_KEY.bound_to(key.id)))
            for customer, key in made.items()
        ]
        store.add(connection, tenant, rows, from_us(now_us))
        self.load(connection, tenant, missing)  # another process may have been faster

    def make(self, connection: Connection, tenant: str, customer: str, now_us: int) -> SecretBox:
        """Return the box of a customer; make the key if there is none. The caller commits."""
        self.make_all(connection, tenant, (customer,), now_us)
        return box_with(self._keys[self._of[tenant, customer]])

    def _keep(self, key_id: str, sealed: str) -> None:
        text = self._box.open(sealed, CUSTOMER_KEY.bound_to(key_id))
        self._keys[key_id] = Key(bytes.fromhex(text))

    # ── values ──────────────────────────────────────────────────────────────────────────────────

    def seal(
        self, connection: Connection, tenant: str, customer: str, text: str, bound_to: str,
        now_us: int,
    ) -> str:  # fmt: skip
        """Seal a text with the customer's key. The caller commits."""
        box = self.make(connection, tenant, customer, now_us)
        return OWN + box.seal(text, bound_to).removeprefix(PREFIX)

    def open(self, connection: Connection, stored: str, bound_to: str) -> str:
        """Return the text of a stored value; '' where its key is gone.

        One that no customer's key has sealed stays as it is.
        """
        key_id = own_key_id(stored)
        if key_id is None:
            return stored
        self.load_for(connection, (stored,))
        key = self._keys.get(key_id)
        return "" if key is None else box_with(key).open(PREFIX + stored[len(OWN) :], bound_to)

    # ── search ──────────────────────────────────────────────────────────────────────────────────

    def hashed(
        self, connection: Connection, tenant: str, customer: str, words: Iterable[str], now_us: int
    ) -> Mapping[str, str]:
        """Return each word with its keyed hash, by which it is found within the customer only."""
        self.make_all(connection, tenant, (customer,), now_us)
        return self.hashes(tenant, customer, words)

    def hashes(self, tenant: str, customer: str, words: Iterable[str]) -> Mapping[str, str]:
        """Return the same for a customer whose key is loaded; nothing without a key."""
        key_id = self._of.get((tenant, customer))
        if key_id is None:
            return {}
        key = hmac.digest(self._keys[key_id].material, b"words", hashlib.sha256)
        return {word: _hash(key, word) for word in words}


def own_keys(connection: Connection) -> CustomerKeys:
    """Return the keys that a connection opens, by its box, else by that of the settings."""
    if connection.box is None:
        connection.box = box_of(Settings())
    return CustomerKeys(connection.box)


def own_key_id(stored: str | None) -> str | None:
    """Return the id of the customer's key that a value is sealed with; None of any other value."""
    if stored is None or not stored.startswith(OWN):
        return None
    return stored[len(OWN) :].partition(":")[0]


def _hash(key: bytes, word: str) -> str:
    digest = hmac.digest(key, word.encode(), hashlib.sha256)[:_DIGEST_BYTES]
    return base64.urlsafe_b64encode(digest).decode()
