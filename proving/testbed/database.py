"""A database for a bench: the one that is set, or one of a server of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.servers.postgres import Postgres
from runtime.clock import Clock
from runtime.settings import Settings


@contextmanager
def database_of(settings: Settings, clock: Clock, folder: Path | None = None) -> Iterator[str]:
    """Yield `settings.database_url`, or that of an embedded server, which is stopped afterwards.

    folder : of the embedded server; None = the state directory
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    postgres = Postgres(folder or settings.state_dir, clock)
    try:
        yield postgres.start()
    finally:
        postgres.stop()
