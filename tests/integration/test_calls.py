"""The desk: a call opens, nothing personal stands there before the caller is verified, a code."""

import asyncio
import itertools
import re
from typing import Any

import httpx

from contacts.code_mails import CodeMails
from contacts.mailer import Mailer
from contacts.store_thread import StoreThread
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.postgres.pool import connect
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.pages import HTML, sign_in, token_of
from tests.patience import patient
from tests.secret_keys import BOX

_numbers = itertools.count()


def rung(api: Api, number: str = "0171 3920055") -> dict[str, Any]:
    answer = api.post(
        "/v1/calls", "agent", {"number": number, "agent": "own agent"},
        Idempotency_Key=f"call-{next(_numbers)}",
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def fill(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Open a page, fill its form and send it to the page itself."""
    return client.post(path, data={"csrf": token_of(client.get(path).text), **fields})


def known(api: Api) -> str:
    """Give the driver of `omar`, who has an e-mail address, a number and a plate; return the id."""
    own = api.seeded.own["omar"]
    body = {"kind": "mobile", "value": "0171 3920055"}
    path = f"/v1/customers/{own.driver}/contact-points"
    assert api.post(path, "agent", body, Idempotency_Key="omars").status_code == 201
    with connect(api.seeded.url) as connection:
        connection.execute(
            "update customers.vehicle set plate = 'TW-OM 4711' where vehicle = %s", (own.vehicle,)
        )
        connection.commit()
    return own.driver


SAID = {"contract": "", "plate": "tw om 4711", "email": "omar@example.org"}


def test_a_call_is_verified_before_anything_is_shown(api: Api) -> None:
    driver = known(api)
    own = api.seeded.own["omar"]
    call = rung(api)
    assert call["match"] == "one" and call["customer"] is None and driver not in str(call)
    with httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        assert f'href="{call["desk"]}" data-open' in client.get("/desk").text
        page = client.get(call["desk"]).text
        for personal in (driver, "OMAR", "4711", "omar@", own.motor, "3920055"):
            assert personal not in page, personal
        said = {**SAID, "contract": own.motor}
        fields = {f"said.{q}": said[q] for q in call["questions"]}
        wrong = {name: "wrong" for name in fields}
        refused = fill(client, call["desk"], action="verify", **wrong)
        assert "done=wrong_answer" in refused.headers["location"]
        assert "2 tries left" in client.get(call["desk"]).text
        done = fill(client, call["desk"], action="verify", **fields)
        assert "done=verified" in done.headers["location"], done.headers
        page = client.get(call["desk"]).text
        assert "Omar Driver" in page or "OMAR Driver" in page
        assert "verified by questions (own agent)" in page
        assert fill(client, call["desk"], action="close").status_code == 303
        assert call["desk"] not in client.get("/desk").text
    after = api.get(f"/v1/calls/{call['id']}", "agent").json()
    assert (after["customer"], after["state"]) == (driver, "closed")


def test_somebody_is_found_only_where_one_is_named(api: Api) -> None:
    known(api)
    own = api.seeded.own["omar"]
    with httpx.Client(base_url=api.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "agent")])
        made = fill(client, "/desk", number="0170 7654321")
        path = made.headers["location"]
        assert "Nobody is known" in client.get(path).text
        for text, done in (("driver", "several"), ("xq", "nobody"), (own.motor, "chosen")):
            answer = fill(client, path, action="look", q=text)
            assert f"done={done}" in answer.headers["location"], text
        assert 'name="said.' in client.get(path).text
        assert fill(client, "/desk", number="no number").status_code == 422


def test_a_code_goes_to_the_known_address(api: Api, mailbox: Any) -> None:
    driver = known(api)
    call = rung(api)
    path = f"/v1/calls/{call['id']}"
    sent = api.post(f"{path}/code", "agent")
    assert sent.status_code == 200 and sent.json()["code"] == "sent", sent.text
    clock = ManualClock(NOW_US)
    settings = Settings(smtp_url=mailbox.url, smtp_from="desk@acme.example")

    async def deliver() -> list[bool]:
        thread = StoreThread(api.seeded.url, "test")
        try:
            mailer = Mailer(CodeMails(BOX), thread, settings, clock)
            return [await mailer.send_next(), await mailer.send_next()]
        finally:
            await thread.close()

    assert asyncio.run(deliver()) == [True, False]
    (mail,) = mailbox.mails
    assert mail["To"] == "omar@example.org"
    code = re.search(r"\b\d{6}\b", mail.get_content())
    assert code is not None
    wrong = api.post(f"{path}/verify", "agent", {"code": f"{(int(code[0]) + 1) % 10**6:06}"})
    assert wrong.json()["customer"] is None and wrong.json()["tries_left"] == 2
    done = api.post(f"{path}/verify", "agent", {"code": code[0]})
    assert (done.json()["customer"], done.json()["verified_how"]) == (driver, "code")
    again = api.post(f"{path}/verify", "agent", {"code": code[0]})
    assert again.status_code == 409
