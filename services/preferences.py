"""The channel that a customer prefers for a matter: choose it, and read what counts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from contracts.channels import TO_CUSTOMER
from contracts.matters import Matter
from customer_context.contact_policy.preference import usable
from runtime.errors import Invalid, NotFound
from store.people import consent, customers, preferences
from store.people.customers import Person
from store.postgres.pool import Connection
from store.postgres.times import from_us

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a customer has chosen for a matter. channel : None = nothing; in_use : the customer can
    be reached by it now; channels : that can be chosen."""

    matter: Matter
    channel: str | None
    in_use: bool
    channels: Sequence[str]


def of_customer(
    connection: Connection,
    tenant: str,
    customer: str,
    channels: Collection[str],
    now_us: int,
) -> list[Choice]:
    """Return the choices of a customer, of all matters. channels : that are set up."""
    pair = (tenant, customer)
    person = customers.person(connection, *pair)
    if person is None:
        raise NotFound(f"there is no customer {customer!r}")
    granted = consent.granted_of(connection, *pair)
    chosen = preferences.at(connection, [pair], from_us(now_us)).get(pair, {})
    there = usable(chosen, granted, person.addresses, channels)
    offered = [name for name in TO_CUSTOMER if name in channels]
    return [Choice(one, chosen.get(one), one in there, offered) for one in Matter]


def choose(
    connection: Connection,
    tenant: str,
    customer: str,
    matter: str,
    channel: str | None,
    source: str,
    now_us: int,
) -> bool:
    """Record the channel of a matter from now on, None = none; return whether it is another one.

    Raises `Invalid`.
    """
    if matter not in tuple(Matter):
        raise Invalid(f"matter: expected one of {', '.join(Matter)}")
    if channel is not None and channel not in TO_CUSTOMER:
        raise Invalid(f"channel: expected one of {', '.join(TO_CUSTOMER)}, or null")
    return preferences.put(
        connection, tenant, customer, matter, channel, from_us(now_us), source
    )  # fmt: skip


def in_use(
    connection: Connection,
    persons: Mapping[Pair, Person],
    granted: Mapping[Pair, Collection[str]],
    channels: Collection[str],
    at_us: int,
) -> dict[Pair, dict[str, str]]:
    """Return customer → matter → the channel that counts; without those for whom none does."""
    if not persons:
        return {}
    chosen = preferences.at(connection, sorted(persons), from_us(at_us))
    found = {
        pair: usable(matters, granted.get(pair, ()), persons[pair].addresses, channels)
        for pair, matters in chosen.items()
    }
    return {pair: matters for pair, matters in found.items() if matters}
