"""Connections. Only `store` speaks SQL, and only through here does it meet the server."""

import os
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from runtime.errors import Retry, Stop
from store.postgres import roles

Connection = psycopg.Connection[TupleRow]

# Classes of SQLSTATE that pass: connection, resources (full disk, memory, connections), operator
# intervention (shutdown, read-only), serialization and deadlock.
# In use and locked (55006, 55P03): somebody else is at it. 25P03, 25P04: idle, too long for the
# server's taste.
_PASSING = ("08", "53", "57", "40", "25006", "25P03", "25P04", "55006", "55P03")


def connect(url: str, *, application: str = "tachowatt", role: str | None = None) -> Connection:
    """Open a connection in UTC; the caller commits.

    role : acts as it where the login is its member; else, as without one, as the login itself.
    Raises `Retry` when the server cannot be reached now, `Stop` when the URL is no URL.
    """
    try:
        connection = psycopg.connect(
            url,
            application_name=application,
            connect_timeout=3,
            tcp_user_timeout=10_000,
        )
        # Compare-and-set and versions are meant to see what others have committed meanwhile.
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection.execute("set time zone 'UTC'")
        if role is not None:
            roles.assume(connection, role)
        connection.commit()
    except psycopg.ProgrammingError as error:
        raise Stop(f"the database URL cannot be used: {error}") from error
    except psycopg.OperationalError as error:
        raise Retry(f"no connection to the database: {str(error).strip()}") from error
    return connection


def in_transaction(connection: Connection) -> bool:
    """Whether something is open on it."""
    return connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE


class Unstorable(ValueError):
    """A value that PostgreSQL does not take; the data's fault and not the database's."""


def abort(connection: Connection) -> None:
    """End a connection from another thread, so that whoever waits on it wakes with an error."""
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg.Error):
        pass  # it had ended already


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours: what passes is `Retry`, what a value is to blame for is
    `Unstorable`, and everything else, which no repetition mends, is `Stop`."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate is None and isinstance(error, psycopg.OperationalError):
            raise Retry(f"the database is away: {str(error).strip()}") from error
        # Without the details, which quote rows: places do not belong into a log.
        what = error.diag.message_primary or str(error).strip()
        if (error.sqlstate or "").startswith(_PASSING) or _moved(error):
            raise Retry(f"the database cannot do it now: {what}") from error
        if isinstance(error, psycopg.DataError | psycopg.errors.ProgramLimitExceeded):
            raise Unstorable(what) from error
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            what += " (docs/roles.md says which login may do what)"
        raise Stop(f"the database refuses: {what}") from error
    except UnicodeEncodeError as error:  # half a character, which no UTF-8 has
        raise Unstorable(str(error)) from error


def _moved(error: psycopg.Error) -> bool:
    """What it was about to touch is not where it was. A row came to a partition that was given to
    another one meanwhile (the bounds of a partition are the only check without a name); or a policy
    of TimescaleDB changed the same catalogue row, which has no code of its own."""
    if isinstance(error, psycopg.errors.InternalError_):
        return (error.diag.message_primary or "").startswith("tuple concurrently ")
    return isinstance(error, psycopg.errors.CheckViolation) and not error.diag.constraint_name


def scalar(connection: Connection, query: str, parameters: Any = None) -> Any:
    """First column of the only row; None when there is no row."""
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]


_RECONNECT_S = 10.0


_STATEMENT_MS = 15_000
"""A question that takes longer is given up (`Retry`): whoever asked has gone by then."""


class Pool:
    """Connections that are lent out and come back: for processes that serve many at once.

    most : connections at once; who finds none free waits up to `wait_s` seconds; role : all of them
    act as it. Raises `roles.NotAMember` where the login may not, if the server is there to say so.
    """

    def __init__(
        self, url: str, *, most: int, wait_s: float = 2.0, role: str | None = None
    ) -> None:
        self._role = role
        self._refused: roles.NotAMember | None = None
        self._refuse_at_once(url)
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=1,
            max_size=most,
            timeout=wait_s,
            open=True,
            configure=self._prepare,
            check=ConnectionPool.check_connection,
            reconnect_timeout=_RECONNECT_S,
            kwargs={
                "application_name": "tachowatt-api",
                "connect_timeout": 3,
                "tcp_user_timeout": 10_000,
            },
        )

    @contextmanager
    def connection(
        self, tenants: Collection[str] = (), customer: str | None = None
    ) -> Iterator[Connection]:
        """A connection in a transaction: committed at the end, rolled back on an error.

        tenants, customer : the scope of row-level security (`roles.set_tenant_scope`).
        Raises what `translated` raises; `Retry` also where no connection comes free in time.
        """
        try:
            with translated(), self._pool.connection() as connection:
                if tenants:
                    roles.set_tenant_scope(connection, tenants, customer)
                yield connection
        except Retry as error:
            if self._refused is not None and isinstance(error.__cause__, PoolTimeout):
                raise self._refused from error
            raise

    def close(self) -> None:
        """Close what is idle, and what is lent out when it comes back."""
        self._pool.close(timeout=2.0)

    def _refuse_at_once(self, url: str) -> None:
        """Whoever starts a process should see at once that its login is not good for it."""
        try:
            with translated(), connect(url, application="tachowatt-api") as connection:
                self._prepare(connection)
        except Retry:
            pass  # the server is away; the pool goes on trying

    def _prepare(self, connection: Connection) -> None:
        connection.execute("set time zone 'UTC'")
        connection.execute(f"set statement_timeout = {_STATEMENT_MS}")
        if self._role is not None:
            try:
                roles.must_assume(connection, self._role)
            except roles.NotAMember as error:
                self._refused = error
                raise
            self._refused = None
        connection.commit()
