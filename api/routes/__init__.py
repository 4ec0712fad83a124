"""The routes: one package per role, one file per subject."""

from api.routes.agents import (
    calls,
    case_claims,
    case_links,
    case_steps,
    cases,
    contact_points,
    contacts,
    decisions,
    facts,
    timeline,
    work_queue,
)
from api.routes.agents import customers as of_customers  # api.routes.customers is a package
from api.routes.back_office import (
    attributes,
    changes,
    matches,
    merges,
    registry,
    registry_events,
)
from api.routes.channels import interactions
from api.routes.customers import (
    bills,
    channels,
    consents,
    crash_answer,
    device_claims,
    disputes,
    inbox,
    own,
    rights,
)
from api.routes.customers import partners as own_partners
from api.routes.insurers import driving, portfolio, trip_counting, trips
from api.routes.operators import approvals, health, operations, privacy, rules
from api.routes.partners import customers as partner_customers
from api.routes.utilities import (
    alert_stream,
    alerts,
    billing_events,
    meter_data,
    meters,
    reading_rounds,
    readings,
    stream_tokens,
)

ROUTERS = tuple(
    module.router
    for module in (
        driving,
        portfolio,
        trips,
        trip_counting,
        stream_tokens,
        alert_stream,  # before `alerts`, whose /{alert_id} would match /stream
        alerts,
        meters,
        readings,
        reading_rounds,
        meter_data,
        billing_events,
        of_customers,
        registry,
        changes,
        registry_events,
        merges,
        matches,
        attributes,
        contact_points,
        timeline,
        facts,
        decisions,
        interactions,
        cases,
        case_steps,
        case_links,
        case_claims,
        rights,
        work_queue,
        calls,
        own,
        bills,
        own_partners,
        partner_customers,
        consents,
        channels,
        inbox,
        crash_answer,
        disputes,
        device_claims,
        contacts,
        operations,
        approvals,
        rules,
        privacy,
        health,
    )
)
