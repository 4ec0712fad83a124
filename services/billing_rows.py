"""Tariffs and bills of a billing system as rows of events, written as by the API."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from contracts.billing import BillRow, TariffRow
from runtime.errors import NotAllowed
from services import bills
from services.back_office import Outcome, Result
from services.registry_rows import Refusal, refusal_of
from store.people import bills as stored
from store.postgres.pool import Connection


def apply(
    connection: Connection, tenant: str, kind: str, row: Any, by: str, now_us: int
) -> Outcome:
    """Write a row in the caller's transaction; return its outcome. by : the event's source."""
    object_ = row.get("id") if isinstance(row, dict) and isinstance(row.get("id"), str) else None
    try:
        with connection.transaction():
            if kind == "tariffs":
                return _tariff(connection, tenant, TariffRow.model_validate(row), by, now_us)
            return _bill(connection, tenant, BillRow.model_validate(row), by, now_us)
    except ValidationError as error:
        refusals = tuple(refusal_of(dict(one)) for one in error.errors())
    except NotAllowed as error:
        refusals = (Refusal(field=None, message=str(error)),)
    return Outcome(object_, Result.REFUSED, refusals)


def _tariff(connection: Connection, tenant: str, row: TariffRow, by: str, now_us: int) -> Outcome:
    before = stored.tariff(connection, tenant, row.id)
    return _written(
        row.id, before,
        lambda: bills.write_tariff(connection, tenant, row.id, row.tariff, by, now_us),
    )  # fmt: skip


def _bill(connection: Connection, tenant: str, row: BillRow, by: str, now_us: int) -> Outcome:
    before = stored.one(connection, tenant, row.id)
    return _written(
        row.id, before,
        lambda: bills.write(
            connection, tenant, row.id, row.customer, row.contract, row.bill, by, now_us,
            instalment=row.instalment,
        ),
    )  # fmt: skip


def _written(id_: str, before: dict[str, Any] | None, write: Callable[[], int]) -> Outcome:
    version = write()
    if before is None:
        return Outcome(id_, Result.CREATED)
    same = version == before["version"]
    return Outcome(id_, Result.UNCHANGED if same else Result.UPDATED)
