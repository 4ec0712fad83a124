"""Keys that stored secrets are sealed with: status, new-key, rotate, reseal, prune.

Secrets of receivers, among others, are stored sealed. The key stands in the file of
TACHOWATT_SECRETS_KEY_FILE (default: secrets.key in the state directory), or in
TACHOWATT_SECRETS_KEY.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table, progress_bar
from app.commands.shared.options import Json
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.secret_box import SecretBox, box_of, new_key
from services import own_values, secrets
from store.postgres.pool import Connection, connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)


@contextmanager
def _connected() -> Iterator[tuple[Connection, SecretBox, int]]:
    """Yield a connection, the keys and now; a database whose key is missing is opened too."""
    settings, clock = load_settings(), SystemClock()
    with (
        database(settings, clock, secrets=False) as url,
        translated(),
        connect(url, application="tachowatt-secrets") as connection,
    ):
        yield connection, box_of(settings), clock.now_us()


@cli.command("status")
def show_status(json: Json = False) -> None:
    """Show which keys there are, by their ids, and how many values need each.

    Example: tachowatt secrets status --json
    """
    with _connected() as (connection, box, _):
        found = secrets.status(connection, box)
    if json:
        print_json(asdict(found))
        return
    print_table(
        f"Keys of {found.source}",
        ["key", "here", "seals", "since", "values"],
        [
            [k.key_id, _yes(k.here), _yes(k.seals), k.since or "not used yet", k.values]
            for k in found.keys
        ],
    )
    print_table(
        "Sealed values",
        ["column", "values"],
        [[name, sum(count.values())] for name, count in found.columns.items()],
    )
    if found.clear:
        out.print(f"{found.clear} values stand in clear: run `tachowatt secrets reseal`")


@cli.command("new-key")
def print_new_key() -> None:
    """Print a new key: the content of a key file for a new database, or a line to add to one.

    Example: (umask 077; tachowatt secrets new-key > secrets.key)
    """
    out.print(new_key().text, markup=False, highlight=False)


@cli.command()
def rotate(json: Json = False) -> None:
    """Put a new key before the others of the key file, and seal all values with it.

    Running processes read the file again by themselves. The old keys stay, for backups;
    `tachowatt secrets prune` removes those that no value needs.
    """
    with _connected() as (connection, box, now_us):
        key_id, count = secrets.rotate(connection, box, now_us)
    if json:
        print_json({"key": key_id, "values": count})
        return
    out.print(f"{count} values are sealed with the new key {key_id}; {box.source} has it")


@cli.command()
def reseal(json: Json = False) -> None:
    """Seal all values with the first key, and rows of before customers had keys with theirs.

    Safe to interrupt, and to repeat. A running service does the latter by itself.
    """
    with _connected() as (connection, box, now_us):
        count = secrets.reseal(connection, box, now_us)
        rows = own_values.count(connection)
        with progress_bar("rows of customers") as show:
            own_values.seal(connection, box, now_us, done=lambda done: show(done, rows))
    if json:
        print_json({"values": count, "rows_of_customers": rows})
        return
    out.print(f"{count} values are sealed with the first key of {box.source} now")
    if rows:
        out.print(f"{rows} rows are sealed with the keys of their customers now")


@cli.command()
def prune(json: Json = False) -> None:
    """Forget keys that no stored value needs any more. Older backups of the database need them."""
    with _connected() as (connection, box, _):
        gone = secrets.prune(connection, box)
    if json:
        print_json({"keys": gone})
        return
    out.print(f"forgotten: {', '.join(gone)}" if gone else "every key is needed")


def _yes(value: bool) -> str:
    return "yes" if value else "no"
