"""The last valid text of each playbook, and the score last announced for each driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class Text:
    """A playbook's last valid text. file : its name; error : why the newest text is not used."""

    playbook: str
    digest: str
    text: str
    file: str
    error: str | None = None


def list_(connection: Connection, *, active: bool = True) -> list[dict[str, Any]]:
    """Return playbooks by id; with active=False also those whose file was removed."""
    return rows.all_(
        connection,
        "select * from contacts.playbook where active or not %s order by playbook",
        (active,),
    )


def last_good(connection: Connection) -> list[Text]:
    """Return the texts in use."""
    found = connection.execute(
        "select playbook, digest, text, file, error from contacts.playbook where active order by 1"
    )
    return [Text(*row) for row in found.fetchall()]


def unused_files(connection: Connection) -> dict[str, str]:
    """Return file → error of the files that have no valid text."""
    found = connection.execute("select file, error from contacts.playbook_error order by file")
    return dict(found.fetchall())


def keep(
    connection: Connection, texts: Sequence[Text], unused: Mapping[str, str], now_us: int
) -> None:
    """Store the texts in use and set all other playbooks inactive; write only what has changed.

    unused : file → error of the files that have no valid text.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into contacts.playbook as p (playbook, digest, text, file, error, loaded_at) "
            "values (%s, %s, %s, %s, %s, %s) on conflict (playbook) do update set "
            "digest = excluded.digest, text = excluded.text, file = excluded.file, "
            "error = excluded.error, active = true, "
            "loaded_at = case when p.digest = excluded.digest then p.loaded_at "
            "else excluded.loaded_at end "
            "where (p.digest, p.file, p.error, p.active) "
            "is distinct from (excluded.digest, excluded.file, excluded.error, true)",
            [(t.playbook, t.digest, t.text, t.file, t.error, from_us(now_us)) for t in texts],
        )
    connection.execute(
        "update contacts.playbook set active = false where active and not playbook = any(%s)",
        ([text.playbook for text in texts],),
    )
    connection.execute(
        "delete from contacts.playbook_error where not file = any(%s)", (list(unused),)
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into contacts.playbook_error as e (file, error) values (%s, %s) "
            "on conflict (file) do update set error = excluded.error "
            "where e.error <> excluded.error",
            list(unused.items()),
        )


def announced_scores(
    connection: Connection, customers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[float, str]]:
    """Return (tenant, customer) → score and band last announced."""
    found = connection.execute(
        "select tenant, customer, score, band from contacts.score_told "
        "join unnest(%s::text[], %s::text[]) as c (tenant, customer) using (tenant, customer)",
        ([tenant for tenant, _ in customers], [customer for _, customer in customers]),
    )
    return {(tenant, customer): (score, band) for tenant, customer, score, band in found.fetchall()}


def record_announced_score(
    connection: Connection, tenant: str, customer: str, score: float, band: str, now_us: int
) -> None:
    """Record the score that is announced now."""
    connection.execute(
        "insert into contacts.score_told (tenant, customer, score, band, told_at) "
        "values (%s, %s, %s, %s, %s) on conflict (tenant, customer) do update set "
        "score = excluded.score, band = excluded.band, told_at = excluded.told_at",
        (tenant, customer, score, band, from_us(now_us)),
    )
