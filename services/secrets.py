"""Keys of stored secrets: prepare them at start, rotate, seal again, prune, status.

The database registers the ids of the keys that its values may need, so that a process with another
key is refused before it seals anything that others cannot open.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.errors import Usage
from runtime.secret_box import KeyMissing, SecretBox, create_file, new_key, write_file
from store.postgres.pool import Connection
from store.secrets import sealing

log = logging.getLogger("secrets")


def prepare(connection: Connection, box: SecretBox, now_us: int) -> None:
    """Make the keys ready before the first use, and seal values of the time before there were keys.

    Where the database knows no key and the process has none, a key file is created. A login that
    does not own the tables only checks. Commits by itself; safe to repeat and to run concurrently.
    Raises `KeyMissing` where the process has not the newest key of the database.
    """
    if not sealing.may_register(connection):
        check(connection, box)
        connection.rollback()
        return
    sealing.lock(connection)
    wanted = box.file is not None and not box.all_keys() and not sealing.registered(connection)
    if wanted and box.file is not None and create_file(box.file, new_key()):
        log.warning(
            "created %s, the key of the secrets in the database; keep a copy elsewhere", box.file
        )
    check(connection, box)
    for key in box.all_keys()[:1]:
        sealing.register(connection, key.id, now_us)
    connection.commit()
    if sealing.clear_values(connection):
        done = sealing.reseal(connection, box)
        log.warning("%d secrets of the database that were stored in clear are sealed now", done)


def check(connection: Connection, box: SecretBox) -> None:
    """Raise `KeyMissing` where the database has keys, and the newest is not among the process's."""
    registered = sealing.registered(connection)
    here = {key.id for key in box.all_keys()}
    if registered and registered[0][0] not in here:
        newest = registered[0][0]
        raise KeyMissing(
            f"the secrets of this database are sealed with key {newest}, and {box.source} has "
            f"{'only ' + ', '.join(sorted(here)) if here else 'no key'}. Set "
            "TACHOWATT_SECRETS_KEY_FILE to the file with that key; nothing is lost until then "
            "(docs/security.md says what to do if it is gone)",
            newest,
        )


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """A key that the process has, or the database knows.

    here : the process has it. seals : it is the one that seals. since : registered at; None = the
    database does not know it. values : how many stored values need it.
    """

    key_id: str
    here: bool
    seals: bool
    since: datetime | None
    values: int


@dataclass(frozen=True, slots=True)
class Status:
    """State of all stored secrets. clear : values that are not sealed."""

    source: str
    keys: Sequence[KeyStatus]
    columns: dict[str, dict[str, int]]
    clear: int


def status(connection: Connection, box: SecretBox) -> Status:
    """Return which keys there are and what is sealed with each; never a key."""
    here = [key.id for key in box.all_keys()]
    since = dict(sealing.registered(connection))
    columns = {name: dict(count) for name, count in sealing.counts(connection).items()}
    clear = sum(count.pop("clear", 0) for count in columns.values())
    needed = {id_ for count in columns.values() for id_ in count}
    ids = [*here, *(id_ for id_ in (*since, *sorted(needed)) if id_ not in here)]
    keys = [
        KeyStatus(
            id_,
            id_ in here,
            here[:1] == [id_],
            since.get(id_),
            sum(count.get(id_, 0) for count in columns.values()),
        )
        for id_ in dict.fromkeys(ids)
    ]
    return Status(box.source, keys, columns, clear)


def rotate(connection: Connection, box: SecretBox, now_us: int) -> tuple[str, int]:
    """Put a new key before the others of the key file and seal all values with it.

    Return the new key's id and the number of values. The old keys stay in the file: processes that
    run may still seal with them, and backups need them. Raises `Usage` where the file cannot be
    written; it is written before anything is sealed with the new key.
    """
    if box.file is None:
        raise Usage(
            f"the keys come from {box.source}: put the line of `tachowatt secrets new-key` before "
            "the others there, restart what uses it, then run `tachowatt secrets reseal`"
        )
    sealing.lock(connection)
    check(connection, box)
    key = new_key()
    write_file(box.file, (key, *box.all_keys()))
    sealing.register(connection, key.id, now_us)
    connection.commit()
    return key.id, sealing.reseal(connection, box)


def reseal(connection: Connection, box: SecretBox, now_us: int) -> int:
    """Seal all values with the first key of the process; return how many were not.

    Raises `KeyMissing` where values need a key that the process has not; all others are done then.
    """
    keys = box.all_keys()
    if keys:
        sealing.lock(connection)
        sealing.register(connection, keys[0].id, now_us)
        connection.commit()
    return sealing.reseal(connection, box)


def prune(connection: Connection, box: SecretBox) -> list[str]:
    """Forget the keys that no value needs, but for the one that seals; return their ids.

    Those of a key file are removed from it, where it can be written. A backup of the database from
    before a rotation still needs them.
    """
    sealing.lock(connection)
    keys = box.all_keys()
    needed = {id_ for count in sealing.counts(connection).values() for id_ in count}
    needed |= {key.id for key in keys[:1]}
    ids = [*(key.id for key in keys), *(id_ for id_, _ in sealing.registered(connection))]
    unneeded = [id_ for id_ in dict.fromkeys(ids) if id_ not in needed]
    if box.file is not None and any(key.id in unneeded for key in keys):
        write_file(box.file, [key for key in keys if key.id in needed])
    sealing.forget(connection, unneeded)
    connection.commit()
    return unneeded
