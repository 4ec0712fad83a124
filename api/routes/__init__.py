"""The paths, one file a subject."""

from api.routes import (
    alert_stream,
    alerts,
    cases,
    consents,
    contacts,
    customers,
    driving,
    health,
    inbox,
    meters,
    operations,
    own,
    trips,
)

ROUTERS = tuple(
    module.router
    for module in (
        driving,
        trips,
        alert_stream,  # before the alerts, for /stream is no id
        alerts,
        meters,
        customers,
        cases,
        own,
        consents,
        inbox,
        contacts,
        operations,
        health,
    )
)
