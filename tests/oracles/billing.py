"""A bill day by day in fractions, and shares by all orders of causes: slow and plain."""

from fractions import Fraction
from itertools import permutations


def gross_by_day(days, daily_kwh, prices_on):
    """Add a bill up day by day, unrounded.

    days : list of days; daily_kwh : {register: kWh of a day}; prices_on(day) -> (standing charge
    of a year, {register: price}, levies per kWh, VAT in percent)
    """
    total = Fraction(0)
    for day in days:
        standing, prices, levies, vat = prices_on(day)
        amount = Fraction(standing) / 365
        for register, kwh in daily_kwh.items():
            amount += Fraction(kwh) * (Fraction(prices[register]) + Fraction(levies))
        total += amount * (1 + Fraction(vat) / 100)
    return total


def shares_by_orders(causes, worth):
    """Average each cause's effect over every order in which the causes change."""
    shares = dict.fromkeys(causes, Fraction(0))
    orders = list(permutations(causes))
    for order in orders:
        changed = set()
        for cause in order:
            before = Fraction(worth(frozenset(changed)))
            changed.add(cause)
            shares[cause] += Fraction(worth(frozenset(changed))) - before
    return {cause: share / len(orders) for cause, share in shares.items()}
