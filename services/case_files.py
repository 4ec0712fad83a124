"""Photos of a case's steps: add, list and show them.

Each has a key of its own, sealed with the key of the case's customer, or with the key of secrets
where the case is nobody's; the database sees no content in clear.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from customer_context.cases.case_state import State, What
from runtime.errors import Invalid, NotAllowed, NotFound
from runtime.secret_box import Damaged, SecretBox
from services import case_steps, photo
from services.customer_keys import CustomerKeys
from store.casework import case_files, cases
from store.casework.case_files import NewFile
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.secrets.columns import CASE_FILE_KEY, CASE_FILE_POSITION, SealedColumn
from store.secrets.own_columns import OWN

MOST_FILES = 30
"""Of one case."""
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it is handed out."""

    media_type: str
    content: bytes


def add(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    case_id: str,
    author: str,
    step: str,
    document: str,
    content: bytes,
    now_us: int,
    *,
    keep_position: bool = False,
) -> str:
    """Add a photo to a step that is open; return its id. The document counts as there.

    keep_position : the customer agreed that the place of the photo is kept. The same photo again
    is the one that is stored. Raises `NotFound`, `NotAllowed`, `Invalid`.
    """
    case = cases.lock(connection, tenant, case_id)
    plan = case_steps.plan_of(connection, tenant, case_id)
    item = None if plan is None else plan.type.items.get(step)
    if plan is None or item is None or document not in {one.id for one in item.documents}:
        raise NotFound(f"there is no document {document!r} in step {step!r}")
    if plan.state.items[step].state not in (State.ACTIVE, State.COMPLETED):  # it may come late
        raise NotAllowed(f"step {step} is not open any more")
    if len(case_files.of_case(connection, tenant, case_id)) >= MOST_FILES:
        raise Invalid(f"a case has at most {MOST_FILES} photos")
    clean = photo.clean(content)
    file_id, key = secrets.token_hex(16), AESGCM.generate_key(256)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    position = None

    def seal(text: str, column: SealedColumn) -> str:
        bound_to = column.bound_to(file_id)
        if case["customer"] is None:
            return box.seal(text, bound_to)
        return CustomerKeys(box).seal(connection, tenant, case["customer"], text, bound_to, now_us)

    if keep_position and clean.position is not None:
        text = json.dumps({"lat_deg": clean.position[0], "lon_deg": clean.position[1]})
        position = seal(text, CASE_FILE_POSITION)
    stored = case_files.put(
        connection,
        NewFile(
            file_id, tenant, case_id, case["customer"], step, document, author, from_us(now_us),
            clean.media_type, len(clean.content), hashlib.sha256(clean.content).digest(),
            seal(base64.b64encode(key).decode(), CASE_FILE_KEY),
            nonce + AESGCM(key).encrypt(nonce, clean.content, file_id.encode()), position,
        ),
    )  # fmt: skip
    if document not in plan.state.documents:
        case_steps.act(connection, tenant, case_id, author, now_us, What.DOCUMENT, text=document)
    return stored


def of_case(connection: Connection, tenant: str, case_id: str) -> list[dict[str, Any]]:
    """Return the files of a case without their content, oldest first."""
    return case_files.of_case(connection, tenant, case_id)


def content(
    connection: Connection, box: SecretBox, tenant: str, case_id: str, file_id: str
) -> Content:
    """Return the content of a file.

    Raises `NotFound`, also where the key has ended, and `SecretError`.
    """
    row = _row(connection, tenant, case_id, file_id)
    key = base64.b64decode(_opened(connection, box, row, CASE_FILE_KEY))
    if not key:
        raise NotFound(f"the key of file {file_id!r} has ended")
    raw = bytes(row["content"])
    try:
        clear = AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], file_id.encode())
    except InvalidTag as error:
        raise Damaged(f"file {file_id} of case {case_id} was changed") from error
    return Content(row["media_type"], clear)


def position(
    connection: Connection, box: SecretBox, tenant: str, case_id: str, file_id: str
) -> tuple[float, float] | None:
    """Return where a photo was taken, in degrees; None where nobody agreed to keep it."""
    row = _row(connection, tenant, case_id, file_id)
    if row["position"] is None:
        return None
    text = _opened(connection, box, row, CASE_FILE_POSITION)
    if not text:
        return None
    found = json.loads(text)
    return found["lat_deg"], found["lon_deg"]


def _opened(
    connection: Connection, box: SecretBox, row: Mapping[str, Any], column: SealedColumn
) -> str:
    stored, bound_to = row[column.value], column.bound_to(row["file_id"])
    if stored.startswith(OWN):
        return CustomerKeys(box).open(connection, stored, bound_to)
    return box.open(stored, bound_to)


def _row(connection: Connection, tenant: str, case_id: str, file_id: str) -> Mapping[str, Any]:
    row = case_files.get(connection, tenant, case_id, file_id)
    if row is None:
        raise NotFound(f"there is no file {file_id!r} in case {case_id}")
    return row
