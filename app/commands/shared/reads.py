"""The log of reads, for commands that show personal data."""

import getpass
import os
import uuid
from collections.abc import Collection, Mapping

from runtime.clock import Clock
from store.people.read_log import ObjectRead, Reader, log_reads
from store.postgres.pool import Connection

ROLE = "operator"
KEY = "-"
"""Stands for the key, which a command does not have."""


def log_command(
    connection: Connection,
    clock: Clock,
    command: str,
    objects: Mapping[str, Collection[ObjectRead]],
) -> None:
    """Record that this command shows these objects (tenant → objects), and commit.

    Call it before anything is shown. The reader is the user of the operating system.
    """
    request_id = f"command-{uuid.uuid4()}"
    for tenant, of_tenant in objects.items():
        reader = Reader(tenant, KEY, ROLE, f"{user()}: tachowatt {command}", request_id)
        log_reads(connection, reader, of_tenant, "command", "operation", clock.now_us())
    connection.commit()


def user() -> str:
    """Return the user of the operating system."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return f"user {os.getuid()}"
