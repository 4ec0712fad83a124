"""Database connections, their pool and errors. All access to the server uses this module."""

import os
import select
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from runtime.errors import Retry, Stop
from runtime.secret_box import SecretBox
from store.postgres import roles


class Connection(psycopg.Connection[TupleRow]):
    """A connection of a process.

    box : opens and seals what the process reads and writes; None = that of the settings
    (services/customer_keys.py).
    """

    box: SecretBox | None = None


# Classes of transient SQLSTATEs: connection, resources (full disk, memory, connections), operator
# intervention (shutdown, read-only), serialization and deadlock; object in use and lock not
# available (55006, 55P03), and the server's timeouts of transactions (25P03, 25P04).
_TRANSIENT = ("08", "53", "57", "40", "25006", "25P03", "25P04", "55006", "55P03")


def connect(
    url: str,
    *,
    application: str = "tachowatt",
    role: str | None = None,
    box: SecretBox | None = None,
) -> Connection:
    """Open a connection in UTC; the caller commits.

    role : assumed where the login is its member; else the connection acts as the login. box : of
    the connection.
    Raises `Retry` when the server is not reachable, `Stop` when the URL is invalid.
    """
    try:
        connection = Connection.connect(
            url,
            application_name=application,
            connect_timeout=3,
            tcp_user_timeout=10_000,
        )
        connection.box = box
        # Compare-and-set and versions must see what others have committed in the meantime.
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
    """Return whether the connection has an open transaction."""
    return connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE


class Unstorable(ValueError):
    """A value that PostgreSQL rejects: an error in the data, not in the database."""


def abort(connection: Connection) -> None:
    """Close a connection's socket from another thread; a thread that waits on it gets an error."""
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg.Error):
        pass  # it was closed already


@contextmanager
def translated() -> Iterator[None]:
    """Convert the driver's errors: transient ones to `Retry`, errors of a value to `Unstorable`,
    all others, which a repetition cannot fix, to `Stop`."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate is None and isinstance(error, psycopg.OperationalError):
            raise Retry(f"the database is away: {str(error).strip()}") from error
        # Without the details, which quote rows: a log must not contain positions.
        what = error.diag.message_primary or str(error).strip()
        if (error.sqlstate or "").startswith(_TRANSIENT) or _concurrent_change(error):
            raise Retry(f"the database cannot do it now: {what}") from error
        if isinstance(error, psycopg.DataError | psycopg.errors.ProgramLimitExceeded):
            raise Unstorable(what) from error
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            what += " (docs/roles.md says which login may do what)"
        raise Stop(f"the database refuses: {what}") from error
    except UnicodeEncodeError as error:  # a lone surrogate, which UTF-8 does not allow
        raise Unstorable(str(error)) from error


def _concurrent_change(error: psycopg.Error) -> bool:
    """Return True where another session has changed the schema in the meantime.

    Either the bounds of a partition have changed and a row no longer fits (their check is the only
    one without a name), or a policy of TimescaleDB changed the same catalogue row, for which there
    is no SQLSTATE.
    """
    if isinstance(error, psycopg.errors.InternalError_):
        return (error.diag.message_primary or "").startswith("tuple concurrently ")
    return isinstance(error, psycopg.errors.CheckViolation) and not error.diag.constraint_name


def scalar(connection: Connection, query: str, parameters: Any = None) -> Any:
    """Return the first column of the only row; None when there is no row."""
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]


_RECONNECT_S = 10.0


def _check(connection: Connection) -> None:
    """Raise where a connection does not work any more.

    The server says nothing to an idle connection but that it ends, so one without anything to read
    is not asked: the question takes as long as a statement, for each request.
    """
    line = select.poll()
    line.register(connection.fileno(), select.POLLIN)
    if line.poll(0):
        ConnectionPool.check_connection(connection)


_STATEMENT_MS = 15_000
"""A query that takes longer is cancelled (`Retry`): by then its client has timed out."""


class Pool:
    """A connection pool, for processes that serve many requests at once.

    most : maximum number of connections; wait_s : seconds to wait for a free one; role : the role
    that all assume; box : of all connections. Raises `roles.NotAMember` where the login may not
    assume the role, if the server is reachable.
    """

    def __init__(
        self,
        url: str,
        *,
        most: int,
        wait_s: float = 2.0,
        role: str | None = None,
        box: SecretBox | None = None,
    ) -> None:
        self._role = role
        self._box = box
        self._refused: roles.NotAMember | None = None
        self._refuse_at_once(url)
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            connection_class=Connection,
            min_size=1,
            max_size=most,
            timeout=wait_s,
            open=True,
            configure=self._prepare,
            check=_check,
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
        """Lend a connection in a transaction: committed at the end, rolled back on an error.

        tenants, customer : the scope of row-level security (`roles.set_tenant_scope`).
        Raises what `translated` raises; `Retry` also where no connection is free in time.
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
        """Close idle connections, and lent ones when they are returned."""
        self._pool.close(timeout=2.0)

    def _refuse_at_once(self, url: str) -> None:
        """Raise at the start of the process where its login may not assume the role."""
        try:
            with translated(), connect(url, application="tachowatt-api") as connection:
                self._prepare(connection)
        except Retry:
            pass  # the server is not reachable; the pool keeps trying

    def _prepare(self, connection: Connection) -> None:
        connection.box = self._box
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
