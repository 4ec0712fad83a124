"""Which decision is in force: the rule, every query of the store and an oracle agree."""

from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from customer_context.consent.state import Decision, in_force
from ingest.registry import load as load_registry
from services import consent as service
from store.people import consent
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.reads import driving
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.oracles import consent as oracle

PURPOSE, OTHER = "driving_score", "energy_insight"
CUSTOMER = ("t1", "quiet-driver")

# Few instants, so that dates collide; a date may lie ahead of the recording and behind it.
decisions = st.lists(
    st.tuples(
        st.sampled_from([PURPOSE, OTHER]),
        st.sampled_from(["granted", "withdrawn"]),
        st.integers(-3, 6),
        st.integers(0, 2),
    ),
    max_size=7,
)


def at(minute: int) -> datetime:
    return from_us(NOW_US) + timedelta(minutes=minute)


def rows_of(found: list[tuple[str, str, int, int]]) -> list[tuple[int, str, str, int, int]]:
    """Decisions as they are recorded: numbers and times of recording ascend together."""
    recorded, rows = 0, []
    for number, (purpose, state, ahead, later) in enumerate(found):
        recorded += later
        rows.append((number, purpose, state, recorded + ahead, recorded))
    return rows


@settings(max_examples=150)
@given(found=decisions)
def test_the_rule_agrees_with_the_oracle(found: list[tuple[str, str, int, int]]) -> None:
    rows = rows_of(found)
    ours = in_force(Decision(n, p, s, at(decided), at(heard)) for n, p, s, decided, heard in rows)
    expected = oracle.states(rows) if rows else {}
    assert {p: (d.state, d.consent_id) for p, d in ours.items()} == expected
    backwards = in_force(
        Decision(n, p, s, at(decided), at(heard)) for n, p, s, decided, heard in reversed(rows)
    )
    assert backwards == ours, "the order of reading decides nothing"


@settings(max_examples=60)
@given(found=decisions)
@example(found=[(PURPOSE, "granted", 4, 0), (PURPOSE, "withdrawn", 0, 1)])
def test_the_store_agrees_with_the_rule(town: Town, found: list[tuple[str, str, int, int]]) -> None:
    rows = rows_of(found)
    granted = oracle.granted(rows)
    with connect(town.url) as connection:
        _record(connection, rows)
        assert set(consent.granted_of(connection, *CUSTOMER)) == granted
        assert consent.granted(connection).get(CUSTOMER, frozenset()) == granted
        assert set(service.of_customer(connection, *CUSTOMER).granted) == granted
        assert load_registry(connection).consent.granted.get(CUSTOMER, frozenset()) == granted
        crashes = driving.crashes(connection, "t1", PURPOSE, customer=CUSTOMER[1])
        assert bool(crashes) == (PURPOSE in granted), "the subquery DECIDED"
        connection.rollback()


def _record(connection: Connection, rows: list[tuple[int, str, str, int, int]]) -> None:
    for number, purpose, state, decided, recorded in rows:
        decision = {
            "tenant": CUSTOMER[0], "customer": CUSTOMER[1], "purpose": purpose, "state": state,
            "legal_basis": "consent", "notice_version": "1", "source": f"test {number}",
            "at": at(decided), "recorded_at": at(recorded),
        }  # fmt: skip
        consent.decide(connection, [decision])
