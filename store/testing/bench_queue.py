"""Data of `tachowatt bench queue`: many open cases of a company with many agents."""

from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.testing.bench_data import TENANT

AGENTS = 60
SKILLS = ("", "claims", "metering", "contracts", "complaints", "data-protection")
LANGUAGES = ("de", "en", "tr")
_CUSTOMERS = 20_000
_TAKEN_PERCENT = 10


def agent(i: int) -> str:
    """Return the id of the i-th agent."""
    return f"p{i}"


def fill(connection: Connection, cases: int, now_us: int) -> None:
    """Write open cases: one of ten is taken, one of a hundred overdue or urgent, some waiting.

    Half of the agents have two skills and one language, the others all.
    """
    execute, now = connection.execute, from_us(now_us)
    execute("insert into customers.tenant values (%s, 'Benchmark', 'Europe/Berlin')", (TENANT,))
    execute(
        "insert into customers.customer (tenant, customer, name, language) select %s, 'c' || i, "
        "'Customer ' || i, (%s::text[])[i %% 3 + 1] from generate_series(0, %s) i",
        (TENANT, list(LANGUAGES), _CUSTOMERS - 1),
    )
    execute(
        "insert into access.person (person_id, tenant, role, name, email, skills, languages, "
        "created_at) select 'p' || i, %s, 'agent', 'Agent ' || i, i || '@bench.example', "
        "case when i %% 2 = 0 then '{}'::text[] "
        "else array[(%s::text[])[i / 2 %% 5 + 2], (%s::text[])[(i / 2 + 1) %% 5 + 2]] end, "
        "case when i %% 2 = 0 then '{}'::text[] else array[(%s::text[])[i %% 3 + 1]] end, %s "
        "from generate_series(0, %s) i",
        (TENANT, list(SKILLS), list(SKILLS), list(LANGUAGES), now, AGENTS - 1),
    )
    execute(
        "insert into contacts.service_case (case_id, tenant, side, kind, title, urgent, customer, "
        "playbook, state, owner, deadline, opened_at, updated_at, skill, language, severity, "
        "waiting_since) select 'bench' || i, %s, case i %% 2 when 0 then 'insurer' else 'utility' "
        "end, 'complaint', '{\"en\": \"Check\", \"de\": \"Prüfen\"}', i %% 100 = 7, "
        "'c' || i %% %s, '-', case when h %% 100 < %s then 'in_progress' else 'open' end, "
        "case when h %% 100 < %s then 'Agent ' || h %% %s end, "
        "%s::timestamptz + make_interval(mins => h %% 14400 - 144), %s::timestamptz "
        "- make_interval(mins => h %% 10000), %s, (%s::text[])[h %% 6 + 1], "
        "(%s::text[])[i %% %s %% 3 + 1], h %% 4, "
        "case when h %% 50 = 0 then %s::timestamptz - make_interval(mins => h %% 600) end "
        "from generate_series(0, %s) i cross join lateral (select (i * 7919) %% 99991 as h) r",
        (
            TENANT, _CUSTOMERS, _TAKEN_PERCENT, _TAKEN_PERCENT, AGENTS, now, now, now,
            list(SKILLS), list(LANGUAGES), _CUSTOMERS, now, cases - 1,
        ),
    )  # fmt: skip
