"""Rights of customers (GDPR Art. 15 to 22): the one use case of page, API and command.

A request opens a case of the type customer-rights, which people work on; the steps of the case
carry the request with them. What the program does itself is done by `services.rights_execution`,
as the owner of the tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.rights import CLOSED, AskedBy, LimitKind, RequestState, Right
from customer_context.cases.case_state import What
from customer_context.rights.deadlines import due_at, may_extend
from runtime.errors import Invalid, NotAllowed, NotFound
from runtime.secret_box import SecretBox
from services import case_steps, rights_progress
from services.customer_keys import CustomerKeys
from store.people import customers, registry
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.privacy import exports
from store.privacy import rights as store


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its reader sees it, its texts in clear. export : None = nothing to download."""

    request_id: str
    customer: str
    right: Right
    state: RequestState
    details: str
    asked_by: str
    author: str
    case_id: str | None
    received_at: datetime
    due_at: datetime
    extended_at: datetime | None
    extension: str
    identified_at: datetime | None
    executed_at: datetime | None
    closed_at: datetime | None
    answer: str
    proof: Mapping[str, Any]
    export: Mapping[str, Any] | None

    @property
    def open(self) -> bool:
        """Whether it still has to be answered."""
        return self.state not in CLOSED


class Rights:
    """Requests of one store. For one request or command."""

    def __init__(self, box: SecretBox) -> None:
        self._keys = CustomerKeys(box)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────

    def of_customer(
        self, connection: Connection, tenant: str, customer: str, now_us: int
    ) -> list[Request]:
        """Return the requests of a customer, newest first."""
        ids = same_as(connection, tenant, customer)
        made = exports.of_customer(connection, tenant, ids, from_us(now_us))
        return [
            self._shown(connection, row, made.get(row["request_id"]))
            for row in store.of_customer(connection, tenant, ids)
        ]

    def get(
        self, connection: Connection, tenant: str, customer: str, request_id: str, now_us: int
    ) -> Request:
        """Return one request of a customer. Raises `NotFound`."""
        row = store.get(connection, tenant, request_id)
        ids = same_as(connection, tenant, customer)
        if row is None or row["customer"] not in ids:
            raise NotFound(f"there is no request {request_id!r}")
        made = exports.get(connection, tenant, ids, request_id, from_us(now_us))
        return self._shown(connection, row, made)

    def list_(
        self,
        connection: Connection,
        tenant: str,
        *,
        open_only: bool,
        after: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[Request]:
        """Return requests of a tenant, due first, for those who supervise them."""
        found = store.list_(connection, tenant, open_only=open_only, after=after, limit=limit)
        self._keys.load_for(connection, [row["details"] for row in found])
        return [self._shown(connection, row, None) for row in found]

    def _shown(
        self, connection: Connection, row: Mapping[str, Any], export: Mapping[str, Any] | None
    ) -> Request:
        def clear(name: str) -> str:
            bound_to = rights_progress.bound_to(name, row)
            return self._keys.open(connection, row[name], bound_to)

        return Request(
            row["request_id"], row["customer"], Right(row["kind"]), RequestState(row["state"]),
            clear("details"), row["asked_by"], row["author"], row["case_id"], row["received_at"],
            row["due_at"], row["extended_at"], row["extension"], row["identified_at"],
            row["executed_at"], row["closed_at"], clear("answer"), row["proof"], export,
        )  # fmt: skip

    # ── asking ──────────────────────────────────────────────────────────────────────────────────

    def ask(
        self,
        connection: Connection,
        tenant: str,
        customer: str,
        right: Right,
        now_us: int,
        *,
        asked_by: AskedBy,
        author: str,
        details: str = "",
        side: str | None = None,
    ) -> Request:
        """Record a request and open its case; return it. The caller commits.

        asked_by : by page and API the customer has asked, whose session or key shows who it is; an
        agent who records a letter checks the identity as a step of the case. An objection stops
        automated decisions at once. Raises `NotFound`, `NotAllowed` where the same is asked for
        already, and `Invalid` where a text is needed.
        """
        person = customers.person(connection, tenant, customer)
        if person is None:
            raise NotFound(f"there is no customer {customer!r}")
        if right in (Right.RECTIFICATION, Right.OBJECTION) and not details.strip():
            raise Invalid("details: say what is wrong, or which decision you object to")
        for row in store.of_customer(connection, tenant, same_as(connection, tenant, customer)):
            if row["kind"] == right and row["state"] in store.OPEN:
                raise NotAllowed(
                    f"{right} is asked for already; it has to be answered by "
                    f"{row['due_at']:%Y-%m-%d}"
                )
        row = self._put(
            connection, tenant, customer, right, now_us, asked_by, author, details, person.timezone
        )
        case = case_steps.open_(
            connection, tenant, rights_progress.CASE_TYPE, author, now_us,
            customer=customer, side=side or self._side(connection, tenant, customer),
        )  # fmt: skip
        store.write(connection, row["request_id"], case_id=case["case_id"])
        if right == Right.OBJECTION:
            rights_progress.begin_limit(connection, row, LimitKind.AUTOMATED_DECISIONS, now_us)
        known = asked_by in (AskedBy.PAGE, AskedBy.API)
        for step, data in (("which", {"right": str(right)}), ("identity", {"identified": True})):
            if step == "which" or known:
                case_steps.act(
                    connection, tenant, case["case_id"], author, now_us, What.COMPLETE,
                    item=step, data=data,
                )  # fmt: skip
        return self.get(connection, tenant, customer, row["request_id"], now_us)

    def _put(
        self,
        connection: Connection,
        tenant: str,
        customer: str,
        right: Right,
        now_us: int,
        asked_by: AskedBy,
        author: str,
        details: str,
        timezone: str,
    ) -> dict[str, Any]:
        row = rights_progress.new_row(
            tenant, customer, right, asked_by, author, from_us(now_us), timezone
        )
        if details.strip():
            row["details"] = self._keys.seal(
                connection, tenant, customer, details.strip(),
                rights_progress.bound_to("details", row), now_us,
            )  # fmt: skip
        store.put(connection, row)
        return row

    def _side(self, connection: Connection, tenant: str, customer: str) -> str:
        """Return whose agents work on it: the side of a contract of the customer."""
        return customers.side_of(connection, tenant, customer) or "insurer"

    # ── changing ────────────────────────────────────────────────────────────────────────────────

    def extend(
        self,
        connection: Connection,
        tenant: str,
        customer: str,
        request_id: str,
        reason: str,
        author: str,
        now_us: int,
    ) -> Request:
        """Extend the period by two months, once, with a reason that the customer reads.

        Raises `NotFound`, `NotAllowed` where it is closed, extended or late, `Invalid`.
        """
        row = self._open(connection, tenant, customer, request_id)
        if not reason.strip():
            raise Invalid("reason: the customer has to learn why (Art. 12(3))")
        person = customers.person(connection, tenant, customer)
        assert person is not None
        now = from_us(now_us)
        if row["extended_at"] is not None:
            raise NotAllowed("the period was extended already; once is all that the law allows")
        if not may_extend(row["received_at"], person.timezone, now):
            raise NotAllowed("the first month is over; an extension comes too late")
        due = due_at(row["received_at"], person.timezone, extended=True)
        store.write(connection, request_id, extended_at=now, extension=reason.strip(), due_at=due)
        if row["case_id"] is not None:
            case_steps.extend(
                connection, tenant, row["case_id"], author, now_us, due, reason.strip()
            )
        return self.get(connection, tenant, customer, request_id, now_us)

    def withdraw(
        self,
        connection: Connection,
        tenant: str,
        customer: str,
        request_id: str,
        author: str,
        now_us: int,
    ) -> Request:
        """Take a request back. Raises `NotFound`, `NotAllowed` where it is done or closed."""
        row = self._open(connection, tenant, customer, request_id)
        if row["state"] != RequestState.OPEN:
            raise NotAllowed(f"it is {row['state']}: it cannot be taken back any more")
        closed = from_us(now_us)
        store.write(connection, request_id, state=RequestState.WITHDRAWN, closed_at=closed)
        if row["kind"] == Right.OBJECTION:
            self.end_limit(
                connection, tenant, customer, LimitKind.AUTOMATED_DECISIONS, author, now_us
            )
        if row["case_id"] is not None:
            case_steps.act(
                connection, tenant, row["case_id"], author, now_us, What.DATA,
                data={"taken_back": True},
            )  # fmt: skip
        return self.get(connection, tenant, customer, request_id, now_us)

    def end_limit(
        self,
        connection: Connection,
        tenant: str,
        customer: str,
        kind: LimitKind,
        author: str,
        now_us: int,
    ) -> bool:
        """End a restriction or an objection; return whether one was in force."""
        registry.bump(connection)
        ids = same_as(connection, tenant, customer)
        return store.end_limit(connection, tenant, ids, kind, author, from_us(now_us))

    def limits_of(
        self, connection: Connection, tenant: str, customer: str
    ) -> dict[LimitKind, datetime]:
        """Return the limits in force: kind → since when."""
        found = store.limits_of(connection, tenant, same_as(connection, tenant, customer))
        return {LimitKind(kind): since for kind, since in found.items()}

    def _open(
        self, connection: Connection, tenant: str, customer: str, request_id: str
    ) -> dict[str, Any]:
        row = store.lock(connection, tenant, request_id)
        if row is None or row["customer"] not in same_as(connection, tenant, customer):
            raise NotFound(f"there is no request {request_id!r}")
        if row["state"] in CLOSED:
            raise NotAllowed(f"request {request_id} is {row['state']}")
        return row
