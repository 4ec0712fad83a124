"""Which decision about a purpose is in force, in SQL: the order of the consent ledger, and which of
its rows are about a question at a time.

The rule is `customer_context.consent.state`, which explains it.
"""

from contracts.purposes import DataCategory, Purpose, recipient_of

NEWEST_FIRST = (
    "least({n}decided_at, {n}recorded_at) desc, {n}recorded_at desc, {n}state desc, "
    "{n}consent_id desc"
)
"""The order of decisions about one purpose; the first is in force. {n} : an alias with its dot.

Of the two states `withdrawn` sorts last.
"""

_DECIDES = "{n}opt_in is distinct from 'pending'"
_BEGUN = "({n}valid_from is null or {n}valid_from <= {now})"
_RECIPIENT = " ".join(f"when '{purpose}' then '{recipient_of(purpose)}'" for purpose in Purpose)

TO_READ = (
    "{n}channel is null "
    f"and ({{n}}data_category is null or {{n}}data_category = '{DataCategory.FEATURES}') "
    f"and ({{n}}recipient is null or {{n}}recipient = case {{n}}purpose {_RECIPIENT} end) "
    f"and {_DECIDES} and {_BEGUN}"
)
"""Decisions about `state.read_question`: showing features to the purpose's recipient."""

TO_STORE = (
    "{n}channel is null and {n}recipient is null "
    f"and ({{n}}data_category is null or {{n}}data_category = '{DataCategory.TELEMETRY}') "
    f"and {_DECIDES} and {_BEGUN}"
)
"""Decisions about `state.stream_question`: storing telemetry."""

STATE = (
    "case when {n}state = 'granted' "
    "and ({n}valid_to is null or {now} < {n}valid_to) then 'granted' else 'withdrawn' end"
)
"""The state of the decision in force: a grant that has expired grants nothing.

{now} of all three : NOW, or a parameter of the query."""

NOW = "now()"
"""The database's clock, for queries whose caller has no other; the start of the transaction."""
