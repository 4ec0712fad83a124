"""Encryption of secrets that have to be stored and read again, with AES-256-GCM.

A sealed value is the text `sealed1:<key id>:<base64url of nonce, ciphertext and tag>`. It is bound
to a name of its place (`bound_to`), so that a value copied into another row does not open there.

Keys are one base64 text of 32 bytes a line. The first one seals, all of them open, so that a key
can be replaced while older values still need the old one. A key's id is derived from the key
itself: nobody can give two keys one id. Source: NIST SP 800-38D (nonces of 96 random bits).
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.errors import Stop, Usage
from runtime.settings import Settings

PREFIX = "sealed1:"
KEY_BYTES = 32
FILE_NAME = "secrets.key"
"""Name of the key file in the state directory, used where the settings name no other."""

_NONCE_BYTES = 12
_SEALED = re.compile(r"sealed1:([0-9a-f]{16}):([A-Za-z0-9_-]+)")


class SecretError(Stop):
    """A secret cannot be sealed or opened. What is stored stays as it is."""


class KeyMissing(SecretError):
    """The key that a value was sealed with is not among the keys of this process, or there is none.

    key_id : the missing key; '' = there is no key at all.
    """

    def __init__(self, message: str, key_id: str = "") -> None:
        super().__init__(message)
        self.key_id = key_id


class Damaged(SecretError):
    """A value is no sealed one, was changed, or belongs to another row."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key. material : 32 bytes."""

    material: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """16 hex digits of a hash of the key; says nothing about the key."""
        return hashlib.sha256(b"tachowatt secrets key\0" + self.material).hexdigest()[:16]

    @property
    def text(self) -> str:
        """The key as it stands in a key file."""
        return base64.urlsafe_b64encode(self.material).decode()


def new_key() -> Key:
    """Return a random key."""
    return Key(secrets.token_bytes(KEY_BYTES))


def parse_keys(text: str, source: str) -> tuple[Key, ...]:
    """Return the keys of a file or variable: one a line (or with commas), `#` begins a comment.

    source : what errors name. Raises `Usage`; the message never quotes the text.
    """
    keys = []
    words = [
        (number, word.strip())
        for number, line in enumerate(text.splitlines(), 1)
        for word in line.split("#")[0].split(",")
        if word.strip()
    ]
    for number, word in words:
        try:
            material = base64.b64decode(word.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            material = b""
        if len(material) != KEY_BYTES:
            raise Usage(
                f"{source}: line {number} is no key: expected base64 of {KEY_BYTES} bytes, such as "
                "`tachowatt secrets new-key` prints"
            )
        keys.append(Key(material))
    return tuple(keys)


class SecretBox:
    """Seals and opens secrets with the keys of one source, which is read again at each use.

    So a running process takes part in a rotation: it reads values sealed with a new key as soon as
    the key is in the file, and seals with it from then on.
    """

    def __init__(self, read: Callable[[], Sequence[Key]], source: str, file: Path | None) -> None:
        self._read = read
        self.source = source
        """Where the keys come from, for messages."""
        self.file = file
        """The key file; None = the keys come from the environment."""

    def all_keys(self) -> tuple[Key, ...]:
        """Return the keys of now, the one that seals first."""
        return tuple(self._read())

    def seal(self, clear: str, bound_to: str) -> str:
        """Seal a text with the first key. Raises `KeyMissing` where there is none."""
        keys = self.all_keys()
        if not keys:
            raise KeyMissing(self._no_key())
        return _seal(keys[0], clear, bound_to)

    def open(self, sealed: str, bound_to: str) -> str:
        """Return the text of a sealed value. Raises `KeyMissing` or `Damaged`."""
        match = _SEALED.fullmatch(sealed)
        if match is None:
            raise Damaged(f"{bound_to}: the stored value is not sealed; run `tachowatt db migrate`")
        keys = self.all_keys()
        key = next((key for key in keys if key.id == match[1]), None)
        if key is None:
            raise KeyMissing(
                self._no_key()
                if not keys
                else f"{bound_to}: the value is sealed with key {match[1]}, and {self.source} has "
                f"only {', '.join(key.id for key in keys)}; add that key to it. Nothing is lost: "
                "the stored value stays as it is",
                match[1],
            )
        try:
            raw = base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4))
            nonce, body = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return AESGCM(key.material).decrypt(nonce, body, bound_to.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Damaged(
                f"{bound_to}: the stored value does not open with its key {match[1]}: it was "
                "changed, or belongs to another row"
            ) from error

    def mac(self, purpose: str, text: str) -> str:
        """Return a MAC of a text (HMAC-SHA-256, base64url) by a key derived from the first one.

        purpose : one MAC is never taken for another. Raises `KeyMissing` where there is no key.
        """
        keys = self.all_keys()
        if not keys:
            raise KeyMissing(self._no_key())
        return _mac(keys[0], purpose, text)

    def is_mac(self, purpose: str, text: str, given: str) -> bool:
        """Return whether any of the keys makes this MAC."""
        return any(
            hmac.compare_digest(_mac(key, purpose, text).encode(), given.encode())
            for key in self.all_keys()
        )

    def seal_bytes(self, clear: bytes, bound_to: str) -> bytes:
        """Seal bytes with the first key: nonce, ciphertext and tag. Raises `KeyMissing`."""
        keys = self.all_keys()
        if not keys:
            raise KeyMissing(self._no_key())
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(keys[0].material).encrypt(nonce, clear, bound_to.encode())

    def open_bytes(self, sealed: bytes, bound_to: str) -> bytes:
        """Return the bytes that `seal_bytes` has sealed with one of the keys. Raises `Damaged`."""
        for key in self.all_keys():
            try:
                return AESGCM(key.material).decrypt(
                    sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode()
                )
            except InvalidTag:
                continue
        raise Damaged(f"{bound_to}: the stored bytes do not open with a key of this process")

    def _no_key(self) -> str:
        return (
            f"there is no key for stored secrets: {self.source} has none. Set "
            "TACHOWATT_SECRETS_KEY_FILE to the key file of this database, or TACHOWATT_SECRETS_KEY "
            "(`tachowatt secrets new-key` makes a key for a new database; docs/security.md)"
        )


def _seal(key: Key, clear: str, bound_to: str) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    body = AESGCM(key.material).encrypt(nonce, clear.encode(), bound_to.encode())
    return f"{PREFIX}{key.id}:{base64.urlsafe_b64encode(nonce + body).decode().rstrip('=')}"


def _mac(key: Key, purpose: str, text: str) -> str:
    own = hmac.digest(key.material, b"tachowatt mac\0" + purpose.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(hmac.digest(own, text.encode(), hashlib.sha256)).decode()[:43]


def key_id_of(stored: str) -> str | None:
    """Return the id of the key that a stored value is sealed with; None where it is not sealed."""
    match = _SEALED.fullmatch(stored)
    return None if match is None else match[1]


def box_of(settings: Settings) -> SecretBox:
    """Return the box of a process: keys of TACHOWATT_SECRETS_KEY, else of a file.

    The file is TACHOWATT_SECRETS_KEY_FILE, else `secrets.key` in the state directory. A missing
    file is no error before a key is needed.
    """
    if settings.secrets_key:
        keys = parse_keys(settings.secrets_key, "TACHOWATT_SECRETS_KEY")
        return SecretBox(lambda: keys, "TACHOWATT_SECRETS_KEY", None)
    file = settings.secrets_key_file or settings.state_dir.resolve() / FILE_NAME
    return SecretBox(lambda: _of_file(file), str(file), file)


def box_with(*keys: Key) -> SecretBox:
    """Return a box with these keys only."""
    return SecretBox(lambda: keys, "the given keys", None)


def _of_file(file: Path) -> tuple[Key, ...]:
    try:
        return parse_keys(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyMissing(f"the key file {file} cannot be read: {error}") from error


def create_file(file: Path, key: Key) -> bool:
    """Create a key file that only its owner may read; return False where there is one already."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(file, (key,))
    try:
        os.link(draft, file)  # fails where it exists, and is never seen half-written
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    _sync(file.parent)
    return True


def write_file(file: Path, keys: Sequence[Key]) -> None:
    """Replace the keys of a key file in one step; a crash leaves the old file or the new one."""
    try:
        draft = _draft(file, keys)
        draft.replace(file)
        _sync(file.parent)
    except OSError as error:
        raise Usage(
            f"the key file {file} cannot be written ({error}): put the line of `tachowatt secrets "
            "new-key` before its other lines yourself, then run `tachowatt secrets reseal`"
        ) from error


def _draft(file: Path, keys: Sequence[Key]) -> Path:
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(
            "# Keys of the secrets in the database: the first one seals, all of them open.\n"
            "# Without this file those secrets cannot be read. Keep a copy elsewhere.\n"
        )
        out.writelines(f"{key.text}\n" for key in keys)
        out.flush()
        os.fsync(out.fileno())
    return draft


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
