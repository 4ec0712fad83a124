"""Ingest's registry that follows changes equals one that is read as a whole, after any changes."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.registry import Registries, Registry, follow
from ingest.registry import load as load_registry
from services.identity import correct_assignment
from store.people import consent, registry
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from tests.fix_registry import NOW_US

DAY_US = 86_400_000_000
DEVICES = ["car0", "car1", "phone", "meter0", "meter1", "tasmota"]


def _assign(connection: Connection, a: int, b: int) -> None:
    subject = [None, "vehicle:v0", "vehicle:v1", "vehicle:v2", "meter:m0", "meter:m1"][b % 6]
    start = from_us(NOW_US + a * DAY_US)
    end = from_us(NOW_US + (a + b + 1) * DAY_US) if b % 2 else None
    correct_assignment(
        connection, "t1", DEVICES[a % 6], subject, start, end, NOW_US + a * DAY_US + b
    )


def _end_contract(connection: Connection, a: int, b: int) -> None:
    connection.execute(
        "update customers.contract set valid_to = %s where contract = %s",
        (from_us(NOW_US + b * DAY_US), f"k{a % 6}"),
    )


def _move_contract(connection: Connection, a: int, b: int) -> None:
    connection.execute(
        "update customers.contract set vehicle = %s, meter = null where contract = %s",
        (f"v{b % 3}", f"k{a % 6}"),
    )


def _new_contract(connection: Connection, a: int, b: int) -> None:
    connection.execute(
        "insert into customers.contract (tenant, contract, customer, kind, vehicle, valid_from) "
        "values ('t1', %s, %s, 'motor', %s, %s) on conflict do nothing",
        (f"new{a}", f"c{b % 6}", f"v{b % 3}", from_us(NOW_US + a * DAY_US)),
    )


def _remove_contract(connection: Connection, a: int, b: int) -> None:
    connection.execute("delete from customers.contract where contract = %s", (f"k{b % 6}",))


def _meter(connection: Connection, a: int, b: int) -> None:
    connection.execute(
        "update customers.meter set interval_s = %s, timezone = %s where meter = %s",
        (900 * (1 + b % 3), ["UTC", None][b % 2], f"m{a % 3}"),
    )


def _swap_addresses(connection: Connection, a: int, b: int) -> None:
    one, other = DEVICES[a % 6], DEVICES[b % 6]
    if one == other:
        return
    found = dict(
        connection.execute(
            "select device, address from customers.device where device = any(%s)", ([one, other],)
        ).fetchall()
    )
    connection.execute("update customers.device set address = 'between' where device = %s", (one,))
    connection.execute(
        "update customers.device set address = %s, dialect = 'tasmota' where device = %s",
        (found[one], other),
    )
    connection.execute(
        "update customers.device set address = %s, dialect = 'tasmota' where device = %s",
        (found[other], one),
    )


def _new_device(connection: Connection, a: int, b: int) -> None:
    connection.execute(
        "insert into customers.device (tenant, device, kind, dialect, address) "
        "values ('t1', %s, 'meter', 'native', %s) on conflict do nothing",
        (f"d{a}", f"t1/d{a}"),
    )


def _remove_device(connection: Connection, a: int, b: int) -> None:
    connection.execute("delete from customers.device where device = %s", (f"d{a}",))


def _consent(connection: Connection, a: int, b: int) -> None:
    consent.decide(
        connection,
        [
            {
                "tenant": "t1", "customer": f"c{a % 6}", "legal_basis": "consent",
                "purpose": ["driving_score", "energy_insight", "claims_assistance"][b % 3],
                "state": ["granted", "withdrawn"][b % 2], "notice_version": "1", "source": "test",
                "at": from_us(NOW_US + b), "recorded_at": from_us(NOW_US + b),
            }
        ],
    )  # fmt: skip


def _tenant(connection: Connection, a: int, b: int) -> None:
    connection.execute(
        "insert into customers.tenant (tenant, name) values (%s, 'New') on conflict do nothing",
        (f"new{a}",),
    )


def _zone(connection: Connection, a: int, b: int) -> None:
    connection.execute(
        "update customers.tenant set timezone = %s", (["UTC", "Europe/Berlin"][b % 2],)
    )


CHANGES: list[Callable[[Connection, int, int], None]] = [
    _assign, _end_contract, _move_contract, _new_contract, _remove_contract, _meter,
    _swap_addresses, _new_device, _remove_device, _consent, _tenant, _zone,
]  # fmt: skip
_change = st.tuples(st.sampled_from(CHANGES), st.integers(0, 9), st.integers(0, 9))


def _facts(found: Registry) -> tuple[object, ...]:
    at = found.grids.find(found.grids.ids)
    return (
        found.version,
        found.tenants,
        found.by_address,
        found.by_id,
        {customer: granted for customer, granted in found.consent.granted.items() if granted},
        [
            (device_id, found.grids.zones[zone], found.grids.meterings[metering])
            for device_id, zone, metering in zip(
                found.grids.ids[at].tolist(),
                found.grids.zone[at].tolist(),
                found.grids.metering[at].tolist(),
                strict=True,
            )
        ],
        found.native,
    )


@given(st.lists(st.lists(_change, min_size=1, max_size=4), min_size=1, max_size=4))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_registry_that_follows_equals_one_read_as_a_whole(registered, transactions):
    registries = Registries()
    with connect(registered) as reader, connect(registered) as writer:
        first = registries.load(reader, NOW_US)
        versions = [first]
        for changes in transactions:
            for change, a, b in changes:
                change(writer, a, b)
            registry.bump(writer)
            writer.commit()
            found = registries.load(reader, NOW_US)
            whole = load_registry(reader)
            assert _facts(found) == _facts(whole)
            versions.append(found)
        last = versions[-1]
        for before in versions[:-1]:
            may_differ = registries.changed_since(before.version, last.version)
            if may_differ is not None:
                assert may_differ >= {
                    device_id
                    for device_id, device in last.by_id.items()
                    if before.by_id.get(device_id) != device
                }
        reader.rollback()


def test_a_change_that_commits_late_is_not_missed(registered):
    with connect(registered) as reader, connect(registered) as slow, connect(registered) as quick:
        _new_device(slow, 1, 0)
        _new_device(quick, 2, 0)
        registry.bump(quick)
        quick.commit()
        before = load_registry(reader)
        assert ("native", "t1/d2") in before.by_address
        registry.bump(slow)
        slow.commit()
        followed = follow(reader, before)
        assert followed is not None
        assert ("native", "t1/d1") in followed[0].by_address
        assert _facts(followed[0]) == _facts(load_registry(reader))
        reader.rollback()
