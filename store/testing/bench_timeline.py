"""Data of `tachowatt bench timeline`: one customer with many entries among others with few."""

from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us
from store.testing.bench_data import TENANT

CUSTOMER = "c0"
_OTHERS = 200
_OF_OTHERS = 100
_SHARES = {"interaction": 0.4, "signal": 0.3, "contact": 0.1, "decision": 0.1, "read": 0.1}


def fill(connection: Connection, entries: int, now_us: int) -> dict[str, int]:
    """Write the entries in the proportions of a car owner's years; return kind → number.

    Words: every interaction has "order number", one of three "Rechnung", one of a thousand
    "wallbox".
    """
    counts = {kind: int(entries * share) for kind, share in _SHARES.items()}
    now = from_us(now_us)
    execute = connection.execute
    execute("insert into customers.tenant values (%s, 'Benchmark', 'Europe/Berlin')", (TENANT,))
    execute(
        "insert into customers.customer (tenant, customer, name) "
        "select %s, 'c' || i, 'Customer ' || i from generate_series(0, %s) i",
        (TENANT, _OTHERS),
    )
    execute(
        "insert into customers.vehicle (tenant, vehicle, name) values (%s, 'v0', 'Car')", (TENANT,)
    )
    execute(
        "insert into customers.contract (tenant, contract, customer, kind, vehicle, valid_from) "
        "values (%s, 'k0', 'c0', 'motor', 'v0', '2000-01-01')",
        (TENANT,),
    )
    execute(
        "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
        "notice_version, source, decided_at, recorded_at) values "
        "(%s, 'c0', 'driving_score', 'granted', 'consent', '1', 'bench', %s, %s)",
        (TENANT, from_us(0), from_us(0)),
    )
    for customer, count in (
        (CUSTOMER, counts["interaction"]),
        *((f"c{i}", _OF_OTHERS) for i in range(1, _OTHERS + 1)),
    ):
        execute(
            "insert into customers.interaction (interaction_id, tenant, source, external_id, "
            "digest, kind, channel, at, customer, anonymous, direction, state, summary, body, "
            "words, recorded_at, recorded_by) select k, %s, 'bench', k, '', 'chat', 'chat', "
            "%s::timestamptz - i * interval '7 minutes', %s, false, 'inbound', 'completed', "
            "'Chat ' || i, body, customers.words_of('Chat ' || i || ' ' || body), %s, 'bench' "
            "from generate_series(1, %s) i cross join lateral (select %s || '-' || i as k, "
            "'About the order number ' || i || case when i %% 3 = 0 then ', Rechnung' else '' end "
            "|| case when i %% 1000 = 0 then ' of a wallbox' else '' end as body) as texts",
            (TENANT, now, customer, now, count, customer),
        )
    execute(
        "insert into pipeline.signal (id, revision, tenant, type, subject, time, data, created_at) "
        "select 'bench' || i, 0, %s, 'trip.completed', 'vehicle:v0', "
        "%s::timestamptz - i * interval '11 minutes', '{\"retracted\": false}', %s "
        "from generate_series(1, %s) i",
        (TENANT, now, now, counts["signal"]),
    )
    execute(
        "insert into contacts.contact (contact_id, tenant, customer, channel, purpose, type, "
        "subject, body, signal_id, playbook, treatment, state, created_at) "
        "select 'bench' || i, %s, 'c0', 'inbox', 'driving_score', 'message', 'Your trip ' || i, "
        "case when i %% 50 = 0 then 'You get a bonus.' else 'You drove well.' end, 'bench' || i, "
        "'bench', '', 'delivered', %s::timestamptz - i * interval '33 minutes' "
        "from generate_series(1, %s) i",
        (TENANT, now, counts["contact"]),
    )
    execute(
        "insert into contacts.decision (tenant, signal_id, signal_revision, signal_type, subject, "
        "customer, playbook, digest, outcome, reason, decided_at) "
        "select %s, 'bench' || i, 0, 'trip.completed', 'vehicle:v0', 'c0', 'bench', '', 'contact', "
        "'due', %s::timestamptz - i * interval '33 minutes' from generate_series(1, %s) i",
        (TENANT, now, counts["decision"]),
    )
    # Each read is of several objects, of which a timeline shows the first.
    execute(
        "insert into access.read_log (at, tenant, customer, key_id, role, reader, what, why, "
        "request_id, leads) select %s::timestamptz - (i / 5) * interval '33 minutes', %s, 'c0', "
        "'bench', 'agent', 'Agent', 'customer context', 'service', (i / 5)::text, i %% 5 = 0 "
        "from generate_series(0, %s) i",
        (now, TENANT, 5 * counts["read"] - 1),
    )
    consents = int(scalar(connection, "select count(*) from customers.consent"))
    return {**counts, "consent": consents}
