"""Rows of the views in schema `shown`, each under the contract that covered it when it began.

PostgreSQL plans such a view separately (security_barrier): conditions reach its indexes, joins do
not. Therefore the query reads it in a LATERAL subquery with device and times as parameters. The
subquery has a LIMIT or an OFFSET, else the planner would flatten it. A condition with COALESCE
would not reach the index (PostgreSQL does not mark it leakproof); LEAST ignores NULL anyway.
"""

from typing import Any

from store.pipeline.features import PROVISIONAL_US
from store.postgres import rows
from store.postgres.times import from_us

_SQL = (
    "customers.contract c "
    "join customers.assignment a on a.tenant = c.tenant and a.{column} = c.{column} "
    "cross join lateral (select f.* from {view} f where f.device_id = a.device_id "
    "and f.start_at >= greatest(a.valid_from, c.valid_from) "
    "and f.start_at < least(a.valid_to, c.valid_to, 'infinity') "
    "and f.decided_at < %s and {where} and not exists ("
    "select from customers.contract later where later.tenant = c.tenant "
    "and later.{column} = c.{column} and later.valid_from > c.valid_from "
    "and later.valid_from <= f.start_at "
    "and f.start_at < coalesce(later.valid_to, 'infinity')) {end}) as f"
)


def under_contract(
    view: str, column: str, where: rows.Conditions, newest: str | None = None, most: int = 0
) -> tuple[str, list[Any]]:
    """Return FROM clause and parameters: decided rows f of `view`, contracts c, assignments a.

    column : vehicle or meter, the kind of the rows' subject; where : conditions on f; newest,
    most : an order, and the maximum number of rows for each assignment under each contract.
    A row belongs to the contract that covered its subject when it began; where contracts overlap,
    to the one that began last (as in customer_context.identity.holders).
    """
    end = "offset 0" if newest is None else f"order by {newest} limit {int(most)}"
    sql = _SQL.format(view=view, column=column, where=where.sql, end=end)
    return sql, [from_us(PROVISIONAL_US), *where.values]
