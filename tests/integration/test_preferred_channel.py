"""The channel that a customer has chosen for a matter, by page, API or import; what follows."""

from collections.abc import Callable

import httpx

from customer_context.contact_policy.notice_channel import Recipient, choose
from customer_context.contact_policy.policy import Person, Policy
from services import back_office, preferences
from services.back_office import Kind, Result
from store.postgres.pool import connect
from store.postgres.roles import set_tenant_scope
from store.signals import decisions
from tests.fix_api import Api
from tests.fix_contacts import HOUR_S, TENANT, Stage
from tests.fix_registry import NOW_US
from tests.pages import sign_in, token_of
from tests.patience import patient

NewStage = Callable[..., Stage]
SMTP = "smtp://127.0.0.1:9"
"""Nothing answers there: what is planned is looked at, not sent."""


def mails(stage: Stage) -> list[tuple[str, str, str]]:
    """(customer, state, reason) of e-mails."""
    return [(c["customer"], c["state"], c["reason"]) for c in stage.contacts(channel="email")]


def choose_(stage: Stage, customer: str, matter: str, channel: str | None) -> None:
    set_tenant_scope(stage.connection, (TENANT,))
    assert preferences.choose(
        stage.connection, TENANT, customer, matter, channel, "test", stage.clock.now_us()
    )
    stage.connection.commit()


def score(stage: Stage, hour: int) -> str:
    """A score of c0 that has changed."""
    given = {
        "at": f"2026-11-18T0{hour}:00:00+00:00", "score": 80.0, "band": "B", "trusted": True,
        "previous_score": 60.0, "previous_band": "D",
    }  # fmt: skip
    signal = stage.signal("score.changed", given, "car0", "customer:c0")
    stage.decide()
    return signal


def test_a_message_goes_by_no_other_channel_but_urgent_ones_do(new_stage: NewStage) -> None:
    stage = new_stage(smtp_url=SMTP, messages_per_day=0)
    score(stage, 0)
    assert mails(stage) == [("c0", "pending", "")]
    stage.clock.advance(60)
    choose_(stage, "c0", "motor", "inbox")
    stage.deliver()
    assert mails(stage) == [("c0", "refused", "not_preferred")], "it was chosen while it waited"
    stage.clock.advance(60)
    signal = score(stage, 1)
    stage.connection.rollback()
    found = decisions.of_signal(stage.connection, TENANT, signal)
    assert {d["treatment"]: d["reason"] for d in found}["driver-email"] == "not_preferred"
    assert len(mails(stage)) == 1 and len(stage.contacts(channel="inbox")) == 2
    stage.clock.advance(HOUR_S)
    stage.crash()
    stage.decide()
    assert len(mails(stage)) == 2, "a crash is urgent"


def test_a_choice_that_cannot_be_met_counts_for_nothing() -> None:
    def by(preferred: dict[str, str], granted: set[str]) -> str | None:
        person = Person("UTC", frozenset(granted), preferred=preferred)
        to = Recipient({"email": "a@example.com"}, {"email", "inbox"}, person, Policy())
        return choose(to, None, NOW_US).channel

    assert by({}, {"channel_email"}) == "email"
    assert by({"contract": "inbox"}, {"channel_email"}) == "inbox"
    assert by({"motor": "inbox"}, {"channel_email"}) == "email", "of another matter"
    assert by({"contract": "email"}, set()) == "inbox"


def test_the_customer_chooses_by_api_and_page_and_the_back_office_by_row(api: Api) -> None:
    path = "/v1/customers/c0/channels"
    before = api.get(path, "customer").json()["data"]
    assert [one["matter"] for one in before] == ["motor", "electricity", "contract"]
    assert {one["channel"] for one in before} == {None}
    body = {"matter": "motor", "channel": "inbox"}
    for _ in range(2):
        found = api.post(path, "customer", body).json()["data"]
        assert (found[0]["channel"], found[0]["in_use"]) == ("inbox", True)
    assert api.post(path, "customer", {**body, "channel": "webhook"}).status_code == 422
    assert api.post("/v1/customers/c3/channels", "customer", body).status_code == 404
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys[("own", "customer")])
        page = client.get("/me").text
        assert "How we reach you" in page and "No choice" in page
        data = {"csrf": token_of(page), "matter": "motor", "channel": ""}
        assert client.post("/me/channels", data=data).status_code == 303
        assert client.post("/me/channels", data={**data, "matter": "x"}).status_code == 404
    assert api.get(path, "customer").json()["data"][0]["channel"] is None
    with connect(api.seeded.url) as connection:
        set_tenant_scope(connection, ("t1",))

        def write(**row: object) -> Result:
            (one,) = back_office.apply(
                connection, "t1", Kind.CUSTOMERS, [{"id": "c0", "name": "Ada", **row}], NOW_US
            )
            assert one.errors == ()
            return one.result

        write()
        assert write(channels={"electricity": "email"}) is Result.UPDATED
        assert write(channels={"electricity": "email"}) is Result.UNCHANGED
        assert write() is Result.UNCHANGED, "what is left out stays"
        assert write(channels={"electricity": None}) is Result.UPDATED
        rows = connection.execute(
            "select matter, channel, source from customers.channel_choice order by choice_id"
        ).fetchall()
    assert rows == [
        ("motor", "inbox", "api"),
        ("motor", None, "page"),
        ("electricity", "email", "import"),
        ("electricity", None, "import"),
    ]
