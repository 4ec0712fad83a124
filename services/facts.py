"""Facts about a customer: read from the store and computed, for decisions at one instant."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.billing import Tariff
from contracts.channels import ChannelPurpose
from contracts.purposes import Purpose
from customer_context.billing import prices
from customer_context.facts import needs, weather
from customer_context.facts.known import FactError, FactValue, checked
from runtime.errors import Invalid, NotFound
from services import driving_scores
from store.casework import next_actions
from store.people import bills, customers
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.reads import customer_facts, metering, scoring
from store.reads.scoring import Which

Row = dict[str, Any]
_DAY_US = 86_400_000_000
_CASES = {
    "case.complaint": frozenset({"complaint", "reading-dispute", "driving-dispute"}),
    "case.claim": frozenset({"crash-claim", "crash-call-back"}),
    "case.contract_change": frozenset({"contract-change"}),
}
"""Fact → kinds and types of cases that it is about."""
_DRIVING_D = 90
_MESSAGES_BACK, _OUTCOMES_BACK = timedelta(days=30), timedelta(days=90)


def of_customer(
    connection: Connection,
    tenant: str,
    customer: str,
    granted: Collection[str],
    now_us: int,
    own: Sequence[str] | None = None,
) -> tuple[FactValue, ...]:
    """Return the facts that exist for a customer at `now_us`, by name.

    granted : purposes in force. What rests on another is not read. own : all ids of the customer,
    None = not read yet. Facts that were reported replace computed ones of the same name only where
    they are newer.
    """
    now = from_us(now_us)
    read = customer_facts.of_customer(
        connection,
        tenant,
        customer,
        same_as(connection, tenant, customer) if own is None else own,
        granted,
        anomalies=Purpose.ENERGY_INSIGHT in granted,
        messages_since=now - _MESSAGES_BACK,
        outcomes_since=now - _OUTCOMES_BACK,
        weather_since=from_us(now_us - weather.BACK_US),
        weather_until=from_us(now_us + weather.AHEAD_US),
    )
    found = [
        *_contracts(read["contracts"], now_us),
        *_cases(read["cases"], now_us),
        *_contacts(read["messages"], read["interactions"], read["outcomes"], now_us),
        *_weather(read["weather"], now_us),
        FactValue("consent.email", ChannelPurpose.EMAIL in granted, now_us),
    ]
    if Purpose.ENERGY_INSIGHT in granted:
        found += _anomaly(read["anomaly"], now_us)
        found += _consumption(connection, tenant, customer, read["contracts"], now_us)
    if Purpose.DRIVING_SCORE in granted:
        found += _driving(connection, tenant, customer, now_us)
    if read["bill"]:
        found += _tariffs(connection, tenant, customer, read["bill"][0], now_us)
    found += _reported(read["reported"], now_us)
    newest = {one.name: one for one in sorted(found, key=lambda one: one.at_us)}
    found += needs.computed(newest, now_us)
    return tuple(sorted(found, key=lambda one: (one.name, one.at_us)))


def report(
    connection: Connection,
    tenant: str,
    customer: str,
    facts: Collection[tuple[str, Any, int]],
    by: str,
    now_us: int,
) -> None:
    """Record (name, value, at_us) of facts that another system knows.

    Raises `NotFound` for a customer that the tenant does not have, and `Invalid`.
    """
    if not customers.customer_exists(connection, tenant, customer):
        raise NotFound(f"there is no customer {customer!r}")
    for name, value, _ in facts:
        try:
            checked(name, value)
        except FactError as error:
            raise Invalid(str(error)) from None
    rows = [(name, value, from_us(at_us)) for name, value, at_us in facts]
    next_actions.report(connection, tenant, customer, rows, by, now_us)


def _contracts(contracts: Sequence[Row], now_us: int) -> Iterator[FactValue]:
    ages: dict[str, list[int]] = {"motor": [], "electricity": []}
    ends = []
    for row in contracts:
        begins_us = to_us(row["valid_from"])
        ends_us = None if row["valid_to"] is None else to_us(row["valid_to"])
        if begins_us > now_us or (ends_us is not None and ends_us <= now_us):
            continue
        ages["motor" if row["vehicle"] is not None else "electricity"].append(begins_us)
        if ends_us is not None:
            ends.append(ends_us)
    for kind, begun in ages.items():
        yield FactValue(f"contract.{kind}", bool(begun), now_us)
        if begun:
            age_d = (now_us - min(begun)) // _DAY_US
            yield FactValue(f"contract.{kind}_age_d", age_d, now_us)
    if ends:
        yield FactValue("contract.ends_in_d", (min(ends) - now_us) // _DAY_US, now_us)


def _cases(cases: Sequence[Row], now_us: int) -> Iterator[FactValue]:
    kinds = {row["kind"] for row in cases}
    yield FactValue("case.open", sum(row["number"] for row in cases), now_us)
    for name, which in _CASES.items():
        yield FactValue(name, not which.isdisjoint(kinds), now_us)


def _contacts(
    messages: Sequence[Row], interactions: Sequence[Row], outcomes: Sequence[Row], now_us: int
) -> Iterator[FactValue]:
    sent = [at_us for row in messages if (at_us := to_us(row["at"])) <= now_us]
    yield FactValue("contact.count_30d", len(sent), now_us)
    if sent:
        yield FactValue("contact.last_d", (now_us - max(sent)) / _DAY_US, now_us)
    (talked,) = interactions
    yield FactValue("interaction.count_30d", int(talked["number"]), now_us)
    if talked["last"] is not None:
        ago_us = max(0, now_us - to_us(talked["last"]))
        yield FactValue("interaction.last_d", ago_us / _DAY_US, now_us)
    rejected = sum(row["outcome"] == "rejected" for row in outcomes)
    yield FactValue("reaction.rejected_90d", rejected, now_us)


def _anomaly(newest: Sequence[Row], now_us: int) -> Iterator[FactValue]:
    yield FactValue("anomaly.open", bool(newest), now_us)
    for row in newest:
        yield FactValue("anomaly.kind", row["kind"], to_us(row["happened_at"]))


def _consumption(
    connection: Connection, tenant: str, customer: str, contracts: Sequence[Row], now_us: int
) -> Iterator[FactValue]:
    now = from_us(now_us)
    meter = next(
        (
            row["meter"]
            for row in contracts
            if row["meter"] is not None
            and row["valid_from"] <= now
            and (row["valid_to"] is None or row["valid_to"] > now)
        ),
        None,
    )
    if meter is None:
        return
    days = metering.days(
        connection, tenant, meter, Purpose.ENERGY_INSIGHT,
        from_date=(now - timedelta(days=366)).date(), limit=367,
    )  # fmt: skip
    measured = [
        needs.Day(
            to_us(row["start_at"]),
            row["energy_kwh"],
            row["night_share"],
            row["base_load_w"],
            row["max_w"],
            None if row["peak_at"] is None else to_us(row["peak_at"]),
        )
        for row in days
        if row["customer"] == customer
    ]
    yield from needs.of_days(measured, now_us)
    yield from needs.of_nights(measured, now_us)


def _weather(hours: Sequence[Row], now_us: int) -> Iterator[FactValue]:
    if not hours:
        return
    yield from weather.of_hours(
        [
            weather.Hour(
                to_us(row["at"]), row["temperature_c"], row["hail"], to_us(row["recorded_at"])
            )
            for row in hours
        ],
        hours[0]["timezone"],
        now_us,
    )


def _driving(
    connection: Connection, tenant: str, customer: str, now_us: int
) -> Iterator[FactValue]:
    since_us = now_us - _DRIVING_D * _DAY_US
    which = Which(tenant, customer, from_us=since_us, to_us=now_us)
    if not scoring.has_trips(connection, which):  # a score takes longer than all other facts
        return
    trips, score = driving_scores.of_subject(connection, which)
    if trips.shape[0] == 0:
        return
    ends_us = [int(end) for end in trips["end_us"]]
    starts_us = [int(start) for start in trips["start_us"]]
    metres = sum(float(metres) for metres in trips["distance_m"])
    yield from needs.of_trips(min(starts_us), max(ends_us), metres, now_us)
    if score.trusted:
        yield FactValue("driving.score", float(score.score), max(ends_us))


def _tariffs(
    connection: Connection, tenant: str, customer: str, row: Row, now_us: int
) -> Iterator[FactValue]:
    """Yield what the last bill says of tariff and instalment, and what other tariffs cost."""
    if to_us(row["recorded_at"]) > now_us:
        return
    person = customers.person(connection, tenant, customer)
    assert person is not None, "a bill references its customer"
    local = from_us(now_us).astimezone(ZoneInfo(person.timezone))
    since_us = to_us(row["recorded_at"])
    present = prices.present(Tariff.model_validate(row["body"]["tariff"]), local)
    yield FactValue("tariff.electricity", present.kind, since_us)
    yield FactValue("tariff.base_eur_month", present.base_eur_month, since_us)
    if present.ct_kwh is not None:
        yield FactValue("tariff.price_ct_kwh", present.ct_kwh, since_us)
    if present.zone is not None:
        yield FactValue("price.zone", present.zone, now_us)
    others = map(Tariff.model_validate, bills.tariffs(connection, tenant))
    by_night = prices.by_night(others, local.date())
    if by_night is not None:
        yield FactValue("tariff.tou_low_ct_kwh", by_night[0], since_us)
        yield FactValue("tariff.tou_high_ct_kwh", by_night[1], since_us)
    if row["instalment"] is not None:
        yield FactValue("instalment.eur_month", float(row["instalment"]), since_us)


def _reported(reported: Sequence[Row], now_us: int) -> Iterator[FactValue]:
    for row in reported:
        try:
            value = checked(row["name"], row["value"])
        except FactError:  # of another version of the catalogue
            continue
        if to_us(row["at"]) <= now_us:
            yield FactValue(row["name"], value, to_us(row["at"]))
