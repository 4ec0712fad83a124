"""Which decision about a purpose is in force: the order of the consent ledger."""

NEWEST_FIRST = (
    "least({n}decided_at, {n}recorded_at) desc, {n}recorded_at desc, {n}state desc, "
    "{n}consent_id desc"
)
"""The order of decisions about one purpose; the first is in force. {n} : an alias with its dot.

The same rule as `customer_context.consent.state.in_force`, which explains it (of the two states
`withdrawn` sorts last).
"""
