"""A client in Python, as a customer would write it, over the package `generated`."""

import os
from http import HTTPStatus
from typing import Any

from generated import AuthenticatedClient
from generated.api.cases import add_note, get_case
from generated.api.insurers import list_driving_scores
from generated.api.utilities import acknowledge_alert, get_alert, list_alerts, list_meters
from generated.models import AlertState, CaseState, Note, ProblemBody


def as_(role: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=os.environ["API"], token=os.environ[role])


def main() -> None:
    scores: Any = list_driving_scores.sync(client=as_("INSURER"))
    assert scores.data and scores.data[0].algorithm_version

    utility = as_("UTILITY")
    alerts: Any = list_alerts.sync(client=utility, state=AlertState.OPEN)
    assert {alert.state for alert in alerts.data} <= {AlertState.OPEN}
    meters: list[str] = []
    after: Any = None
    while True:
        more = {} if after is None else {"after": after}
        page: Any = list_meters.sync(client=utility, limit=1, **more)
        meters += [meter.id for meter in page.data]
        if not page.pagination.has_next_page:
            break
        after = page.pagination.end_cursor
    assert meters and len(set(meters)) == len(meters)

    alert = os.environ["ALERT"]
    read = get_alert.sync_detailed(alert, client=utility)
    etag = read.headers["etag"]
    again = get_alert.sync_detailed(alert, client=utility, if_none_match=etag)
    assert again.status_code == HTTPStatus.NOT_MODIFIED
    weak = acknowledge_alert.sync_detailed(alert, client=utility, if_match=f"W/{etag}")
    assert weak.status_code == HTTPStatus.PRECONDITION_FAILED
    assert isinstance(weak.parsed, ProblemBody) and weak.parsed.code == "weak_etag"

    agent, case = as_("AGENT"), os.environ["CASE"]
    for replayed in (None, "true"):
        note = add_note.sync_detailed(
            case, client=agent, body=Note(text="from Python"), idempotency_key="python-1",
            x_reason="test of clients",
        )  # fmt: skip
        assert note.status_code == HTTPStatus.CREATED
        assert note.headers.get("idempotency-replayed") == replayed
    try:
        add_note.sync_detailed(case, client=agent, body=Note(text="x"))  # type: ignore[call-arg]
    except TypeError:
        pass
    else:
        raise AssertionError("the Idempotency-Key is required")
    found: Any = get_case.sync(case, client=agent)
    assert isinstance(found.state, CaseState) and found.entries[-1].text == "from Python"
    missing = get_case.sync(case_id="none", client=agent)
    assert isinstance(missing, ProblemBody) and missing.status == HTTPStatus.NOT_FOUND


if __name__ == "__main__":
    main()
