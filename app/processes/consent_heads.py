"""Signed heads of the consent ledger outside of the database: a file, and a webhook.

The folder `consent-heads` of the state directory has `heads.jws`, one head a line, which only
grows, and `keys.json`, the public keys. Both belong where nobody who can write to the database can
write too: another machine, or storage that cannot be overwritten.
"""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.errors import Usage
from runtime.secret_box import SecretBox
from services import consent_heads
from store.postgres.pool import Connection

log = logging.getLogger("consent")

FOLDER = "consent-heads"
_HEADS, _KEYS = "heads.jws", "keys.json"
_TIMEOUT_S = 10.0


class HeadFile:
    """The heads of one state directory. webhook_url : where each new one is posted too."""

    def __init__(self, state_dir: Path, webhook_url: str | None = None) -> None:
        self.folder = state_dir.resolve() / FOLDER
        self._webhook_url = webhook_url

    def read(self) -> list[str]:
        """Return all heads, oldest first; [] = there are none."""
        return read_heads(self.folder / _HEADS)

    def keys(self) -> dict[str, dict[str, Any]]:
        """Return the public keys; {} = there are none."""
        return read_keys(self.folder / _KEYS)

    def write(self, connection: Connection, box: SecretBox, now_us: int) -> str:
        """Sign the heads of now, append them to the file and post them; return the signed text.

        A webhook that does not answer is logged: the next head says all that this one says.
        """
        heads = self.read()
        signed = consent_heads.sign(connection, box, heads[-1] if heads else None, now_us)
        self.folder.mkdir(parents=True, exist_ok=True)
        keys = {**consent_heads.public_keys(connection), **self.keys()}
        if keys != self.keys():
            draft = self.folder / f"{_KEYS}.new"
            draft.write_text(json.dumps({"keys": list(keys.values())}, indent=1) + "\n")
            draft.replace(self.folder / _KEYS)
        with (self.folder / _HEADS).open("a", encoding="ascii") as out:
            out.write(signed + "\n")
            out.flush()
            os.fsync(out.fileno())
        self._post(signed)
        return signed

    def _post(self, signed: str) -> None:
        if not self._webhook_url:
            return
        import httpx  # slow to load, and the help of the command needs none

        try:
            answer = httpx.post(
                self._webhook_url,
                content=signed,
                headers={"content-type": "application/jose"},
                timeout=_TIMEOUT_S,
            )
            answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("the head of the consent ledger was not taken by the webhook: %s", error)


def read_heads(path: Path) -> list[str]:
    """Return the heads of a file; [] = there is no such file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        return []


def read_keys(path: Path) -> dict[str, dict[str, Any]]:
    """Return key id → public JWK of a file; {} = there is no such file. Raises `Usage`."""
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {key["kid"]: key for key in found["keys"]}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise Usage(f"{path} has no keys (JWK set): {error}") from None
