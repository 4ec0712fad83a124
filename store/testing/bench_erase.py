"""A customer with a year of data among many others, for `tachowatt bench erase`."""

from store.postgres.pool import Connection
from store.testing import bench_data

CUSTOMER, DEVICE = "c0", "d0"
_YEAR_S = 365 * 86_400
_ROWS_OF_OTHERS = 20
"""Samples, interactions and reads of each of the other customers."""
_OWN_ROWS = 10_000


def fill(connection: Connection, customers: int, samples: int) -> None:
    """Write the registry, the customer's samples and a little of everybody; the caller commits.

    samples : of the customer's vehicle, evenly over the year that ends now; their other rows are
    one in a thousand of them.
    """
    bench_data.register(connection, customers, 1)
    every_s = max(1, _YEAR_S // samples)
    sample = (
        "insert into telemetry.vehicle_sample (device_id, observed_at, received_at, speed_kmh, "
        "lat_deg, lon_deg) select d.device_id, at, at, 50, 52.2, 10.5 from customers.device d, "
    )
    connection.execute(
        (
            f"{sample} generate_series(1, %s) i, "
            "lateral (select now() - make_interval(secs => i * %s) as at) x where d.device = %s"
        ).encode(),
        (samples, every_s, DEVICE),
    )
    connection.execute(
        (
            f"{sample} generate_series(1, %s) i, lateral (select now() "
            "- make_interval(hours => i) as at) x where d.kind = 'vehicle' and d.device <> %s"
        ).encode(),
        (_ROWS_OF_OTHERS, DEVICE),
    )
    own = min(_OWN_ROWS, max(1, samples // 200))
    for customer, of, rows in (
        ("customer = %s", CUSTOMER, own), ("customer <> %s", CUSTOMER, _ROWS_OF_OTHERS)
    ):  # fmt: skip
        from_ = f"from customers.customer c, generate_series(1, %s) i where c.{customer}"
        for statement in (
            "insert into customers.interaction (interaction_id, tenant, source, external_id, "
            "digest, kind, channel, at, customer, anonymous, direction, state, summary, body, "
            "words, recorded_at, recorded_by) select c.customer || ' ' || i, c.tenant, 'bench', "
            "c.customer || ' ' || i, '', 'chat', 'chat', now() - make_interval(hours => i), "
            "c.customer, false, 'inbound', 'completed', 'Chat', '', '', now(), 'bench' ",
            "insert into access.read_log (at, tenant, customer, object_kind, object_id, key_id, "
            "role, reader, what, why, request_id, leads) select now() - make_interval(hours => i), "
            "c.tenant, c.customer, 'customer', c.customer, 'k', 'agent', 'Anna', 'context', "
            "'work', 'bench', true ",
            "insert into contacts.service_case (case_id, tenant, side, kind, title, urgent, "
            "customer, playbook, opened_at, updated_at) select c.customer || ' ' || i, c.tenant, "
            "'insurer', 'bench', '{}', false, c.customer, 'bench', "
            "now() - make_interval(hours => i), now() ",
            "insert into contacts.decision (tenant, signal_id, signal_revision, signal_type, "
            "customer, playbook, digest, outcome, reason, decided_at) select c.tenant, "
            "c.customer || ' ' || i, 0, 'trip.completed', c.customer, 'p', 'd', 'nothing', '', "
            "now() - make_interval(hours => i) ",
            "insert into pipeline.signal (id, revision, tenant, type, subject, time, data, "
            "created_at, device_id) select c.customer || ' ' || i, 0, c.tenant, 'trip.completed', "
            "'vehicle:v' || substr(c.customer, 2), now() - make_interval(hours => i), '{}', "
            "now(), (select d.device_id from customers.device d where d.tenant = c.tenant "
            "and d.device = 'd' || substr(c.customer, 2)) ",
        ):
            connection.execute(f"{statement} {from_}".encode(), (rows, of))
