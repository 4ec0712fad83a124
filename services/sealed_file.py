"""Files that are stored encrypted, each with a key of its own: the end of the key is their end."""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.secret_box import Damaged

_NONCE_BYTES = 12


def encrypt(file_id: str, content: bytes) -> tuple[str, bytes]:
    """Return a new key as text, to be sealed; and nonce, ciphertext and tag (AES-256-GCM)."""
    key, nonce = AESGCM.generate_key(256), secrets.token_bytes(_NONCE_BYTES)
    encrypted = nonce + AESGCM(key).encrypt(nonce, content, file_id.encode())
    return base64.b64encode(key).decode(), encrypted


def decrypt(file_id: str, key: str, content: bytes) -> bytes:
    """Return the clear content. key : of `encrypt`. Raises `Damaged` for one that was changed."""
    try:
        return AESGCM(base64.b64decode(key)).decrypt(
            content[:_NONCE_BYTES], content[_NONCE_BYTES:], file_id.encode()
        )
    except InvalidTag as error:
        raise Damaged(f"file {file_id} was changed") from error
