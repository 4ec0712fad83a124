"""Corrections of identity against the plain oracle: the pure rule, and what the store answers."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customer_context.identity.corrections import Period, correct
from services.identity import correct_assignment, say_driver, whose
from store.postgres.pool import connect
from tests.oracles import identity as oracle

DAYS = 12
"""Statements are about whole days from 2026-03-01 on; day 12 stands for no end."""
START = datetime(2026, 3, 1, tzinfo=UTC)
RECORDED = datetime(2026, 12, 1, tzinfo=UTC)


def _statements(values):
    one = st.tuples(st.integers(0, DAYS - 1), st.integers(1, DAYS), st.sampled_from(values)).map(
        lambda s: (s[0], max(s[0] + 1, s[1]), s[2])
    )
    return st.lists(one, min_size=1, max_size=9).map(
        lambda said: [(n, *statement) for n, statement in enumerate(said)]
    )


def _at(periods, day):
    found = [period.value for period in periods if period.from_us <= day < period.to_us]
    assert len(found) <= 1, "two values at once"
    return found[0] if found else None


@given(_statements(["a", "b", None]))
def test_the_last_statement_about_a_day_counts(statements):
    known: list[Period[str]] = []
    for number, (_, start, end, value) in enumerate(statements):
        before = list(known)
        found = correct(known, start, end, value)
        assert set(found.removed) <= set(known) and not set(found.added) & set(known)
        known = [period for period in known if period not in found.removed]
        known += found.added
        for day in range(-1, DAYS + 1):
            assert _at(known, day) == oracle.value(statements[: number + 1], day, number)
        for period in before:
            if period.to_us < start or period.from_us > end:
                assert period in known, "a period that was not spoken of has changed"
        again = correct(known, start, end, value)
        assert not again.removed and not again.added, "the same again is nothing new"


def _day(number):
    return START + timedelta(days=number)


def _us(number):
    return int((RECORDED + timedelta(days=number)).timestamp()) * 1_000_000


def _end(number):
    return None if number == DAYS else _day(number)


@given(
    assigned=_statements(["vehicle:v0", "vehicle:v1", "meter:m0", None]),
    driven=_statements([("owner", "c0"), ("family", None), ("unknown", None)]),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_as_it_was_and_as_we_knew_it(registered, assigned, driven):
    with connect(registered) as connection:
        connection.execute("delete from customers.assignment")
        connection.execute("delete from customers.assignment_past")
        connection.execute("delete from customers.driver")
        connection.execute("delete from customers.driver_past")
        for recorded, start, end, subject in assigned:
            correct_assignment(
                connection, "t1", "car0", subject, _day(start), _end(end), _us(recorded)
            )
        for recorded, start, end, (relation, customer) in driven:
            say_driver(
                connection, "t1", "v0", relation, customer, "customer", _day(start), _end(end),
                _us(recorded),
            )  # fmt: skip
        holders = {"vehicle:v0": ("k0", "c0"), "vehicle:v1": ("k1", "c1"), "meter:m0": ("k3", "c3")}
        for day in range(-1, DAYS):
            for known in (-1, 0, len(assigned) // 2, 10):
                found = whose(connection, "t1", "car0", _day(day), RECORDED + timedelta(days=known))
                subject = oracle.value(assigned, day, known)
                # The contracts were recorded with the registry, before all of these.
                assert (found.subject, (found.contract, found.customer)) == (
                    subject,
                    holders.get(subject, (None, None)),
                )
                expected = ("unknown", None)
                if subject == "vehicle:v0":
                    expected = oracle.value(driven, day, known) or expected
                assert (found.relation, found.driver) == expected
        connection.rollback()
