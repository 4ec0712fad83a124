"""Automatic steps go to the systems of the case's side once, and the answer stands in the case."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from contracts.contacts import CaseStepDue
from services import case_orders
from store.casework import receivers
from store.postgres import roles
from store.postgres.pool import Connection, connect
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.pages import HTML, sign_in
from tests.patience import patient
from tests.secret_keys import BOX

_numbers = itertools.count()


@pytest.fixture
def worker(api: Api) -> Iterator[Connection]:
    with connect(api.seeded.url, role=roles.CONTACTS) as found:
        yield found


def ordered(api: Api) -> str:
    """A contract change whose order is active."""
    body = {"type": "contract-change", "side": "utility", "customer": "c1"}
    made = api.post("/v1/cases", "agent", body, Idempotency_Key=f"order-{next(_numbers)}")
    assert made.status_code == 201, made.text
    case = str(made.json()["id"])
    wish = {"product": "Green 12", "start": "2027-01-01", "price_eur": 81.5}
    for step, data in (("wish", wish), ("confirm", {"ordered": True})):
        answer = api.post(
            f"/v1/cases/{case}/steps/{step}", "agent", {"action": "complete", "data": data}
        )
        assert answer.status_code == 200, answer.text
    assert "back-office" in answer.json()["next"]
    return case


def events(connection: Connection, case: str) -> list[dict[str, Any]]:
    return [
        payload
        for (payload,) in connection.execute(
            "select payload from contacts.contact where case_id = %s and channel = 'webhook' "
            "and payload ->> 'type' = 'case.step.due' order by created_at, contact_id",
            (case,),
        ).fetchall()
    ]


def receiver(api: Api, name: str) -> None:
    with connect(api.seeded.url) as connection:
        receivers.add(connection, BOX, "t1", name, "utility", "https://erp.example/orders", NOW_US)
        connection.commit()


def test_an_order_goes_out_once_and_its_answer_is_shown(api: Api) -> None:
    receiver(api, "erp")
    case = ordered(api)
    begin = threading.Barrier(3)

    def work(_: int) -> int:
        with connect(api.seeded.url, role=roles.CONTACTS) as own:
            begin.wait()
            made = case_orders.decide_due(own, NOW_US)
            own.commit()
            return made

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) >= 1
    with connect(api.seeded.url) as connection:
        (event,) = events(connection, case)
    sent = CaseStepDue.model_validate(event)
    assert (sent.data.case_id, sent.data.action) == (case, "order-contract")
    assert (sent.data.step, sent.data.customer) == ("back-office", "c1")
    answer = {"action": "complete", "reason": "Contract 4711 begins on 1 January."}
    done = api.post(f"/v1/cases/{case}/steps/back-office", "back_office", answer)
    assert done.status_code == 200, done.text
    with httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        assert "Contract 4711 begins on 1 January." in client.get(f"/cases/{case}").text


def test_a_step_that_is_tried_again_is_ordered_again(api: Api, worker: Connection) -> None:
    receiver(api, "erp again")
    case = ordered(api)
    case_orders.decide_due(worker, NOW_US)
    worker.commit()
    before = len(events(worker, case))
    # The clock of this API stands still: the first attempt was earlier.
    worker.execute("set role none")
    worker.execute(
        "update contacts.case_order set due_at = due_at - interval '1 s' where case_id = %s",
        (case,),
    )
    worker.execute("delete from contacts.contact where case_id = %s", (case,))
    worker.execute("set role tachowatt_contacts")
    worker.commit()
    path = f"/v1/cases/{case}/steps/back-office"
    failed = api.post(path, "back_office", {"action": "fail", "reason": "Unknown product."})
    assert failed.status_code == 200 and "sort-out" in failed.json()["next"]
    assert api.post(path, "agent", {"action": "retry"}).status_code == 200
    case_orders.decide_due(worker, NOW_US)
    worker.commit()
    assert before >= 1 and len(events(worker, case)) == before


def test_where_no_system_takes_orders_people_sort_it_out(api: Api, worker: Connection) -> None:
    with connect(api.seeded.url) as connection:
        connection.execute("update contacts.receiver set state = 'disabled' where tenant = 't1'")
        connection.commit()
    case = ordered(api)
    assert case_orders.decide_due(worker, NOW_US) >= 1
    worker.commit()
    assert case_orders.decide_due(worker, NOW_US) == 0
    plan = api.get(f"/v1/cases/{case}/steps", "agent").json()
    assert "sort-out" in plan["next"] and case_orders.NOBODY in str(plan["exceptions"])
    assert events(worker, case) == []


def test_an_order_of_a_case_that_was_closed_stays_here(api: Api, worker: Connection) -> None:
    receiver(api, "erp closed")
    case = ordered(api)
    closed = api.post(f"/v1/cases/{case}/plan", "agent", {"action": "close", "text": "changed"})
    assert closed.status_code == 200
    case_orders.decide_due(worker, NOW_US)
    assert events(worker, case) == []
    worker.rollback()
