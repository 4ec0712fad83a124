"""Do what requests of customers need the owner of the tables for: copies of data, and erasure.

One process at a time does this, each request in its own transactions; one that fails is tried
again, and after the last attempt the case asks for a person.
"""

import hashlib
import logging
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from contracts.rights import EXPORTS, RequestState, Right
from customer_context.cases.case_state import What
from runtime.errors import NotFound, TachowattError
from runtime.secret_box import SecretBox
from services import case_steps, privacy_export
from services.customer_keys import CustomerKeys
from services.data_copies import PART_BYTES, part_bound_to
from services.erasure import FILE_NAME, Eraser
from store.casework import cases
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.privacy import exports
from store.privacy import rights as store
from store.privacy.retention import days_of

log = logging.getLogger("rights")

CATEGORY = "exports"


class Executor:
    """Does requests that are due. state_dir : for the list of the erased, and temporary files."""

    def __init__(
        self, box: SecretBox, state_dir: Path, physical_days: int, days: Mapping[str, int]
    ) -> None:
        self.box = self._box = box
        self._folder = state_dir
        self._eraser = Eraser(box, physical_days)
        self._kept = timedelta(days=days_of(days, CATEGORY))

    def run(self, connection: Connection, now_us: int) -> int:
        """Do all requests that are due; return how many were done. Commits.

        Does nothing where another process is at it. Needs the owner of the tables.
        """
        if not store.waiting(connection) or not store.only_one(connection):
            connection.rollback()
            return 0
        done = 0
        while (row := store.claim(connection, now_us)) is not None:
            connection.commit()
            try:
                self._do(connection, row, now_us)
                done += 1
            except Exception as error:
                connection.rollback()
                if not isinstance(error, TachowattError):
                    log.exception("request %s failed", row["request_id"])
                self._failed(connection, row, error, now_us)
        connection.rollback()
        return done

    def _do(self, connection: Connection, row: Mapping[str, Any], now_us: int) -> None:
        if row["kind"] in EXPORTS:
            self._export(connection, row, now_us)
        elif row["kind"] == Right.ERASURE:
            self._erase(connection, row, now_us)
        connection.commit()
        log.info("request %s: %s is done", row["request_id"], row["kind"])

    def _export(self, connection: Connection, row: Mapping[str, Any], now_us: int) -> None:
        tenant, customer, id_ = row["tenant"], row["customer"], row["request_id"]
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            connection.execute("set transaction isolation level repeatable read, read only")
            rows = privacy_export.write(connection, self._box, tenant, customer, file, now_us)
            connection.rollback()
            digest = self._store(connection, row, file, now_us)
        proof = {"sha256": digest, "rows": rows}
        self._executed(connection, row, proof, now_us)
        if row["case_id"] is not None:
            case_steps.act(
                connection, tenant, row["case_id"], cases.AUTHOR, now_us, What.COMPLETE,
                item="execute",
            )  # fmt: skip
        log.info("request %s: copy with %d rows", id_, sum(rows.values()))

    def _store(
        self, connection: Connection, row: Mapping[str, Any], file: IO[bytes], now_us: int
    ) -> str:
        tenant, customer, id_ = row["tenant"], row["customer"], row["request_id"]
        box = CustomerKeys(self._box).make(connection, tenant, customer, now_us)
        made_at = from_us(now_us)
        exports.begin(connection, id_, tenant, customer, made_at, made_at + self._kept)
        digest, size, part = hashlib.sha256(), 0, 0
        file.seek(0)
        while clear := file.read(PART_BYTES):
            digest.update(clear)
            size += len(clear)
            exports.add(connection, id_, part, box.seal_bytes(clear, part_bound_to(id_, part)))
            part += 1
        exports.finish(connection, id_, size, digest.hexdigest())
        return digest.hexdigest()

    def _executed(
        self, connection: Connection, row: Mapping[str, Any], proof: Mapping[str, Any], now_us: int
    ) -> None:
        store.write(
            connection, row["request_id"], state=RequestState.EXECUTED,
            executed_at=from_us(now_us), proof=dict(proof),
        )  # fmt: skip

    def _erase(self, connection: Connection, row: Mapping[str, Any], now_us: int) -> None:
        # The case and the request go with the customer; the request is kept under a pseudonym.
        self._executed(connection, row, {"erased_at": from_us(now_us).isoformat()}, now_us)
        reason = f"request {row['request_id']}"
        try:
            self._eraser.erase(
                connection, row["tenant"], row["customer"], now_us, erased_by=row["author"]
                if row["asked_by"] == "desk" else "the customer", reason=reason,
            )  # fmt: skip
        except NotFound:  # a command was faster
            connection.rollback()
        self._eraser.write_list(connection, self._folder / FILE_NAME)

    def _failed(
        self, connection: Connection, row: Mapping[str, Any], error: Exception, now_us: int
    ) -> None:
        log.warning("request %s could not be done: %s", row["request_id"], error)
        if row["attempts"] < store.MOST_ATTEMPTS or row["case_id"] is None:
            return
        case_steps.act(
            connection, row["tenant"], row["case_id"], cases.AUTHOR, now_us, What.EXCEPTION,
            text=f"the program could not do it: {type(error).__name__}",
        )  # fmt: skip
        connection.commit()
