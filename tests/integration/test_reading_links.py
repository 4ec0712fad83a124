"""A meter of a reading round is read by the link of its invitation: it alone, and once."""

import io
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest
from PIL import Image

from services import reading_links
from store.people import reading_rounds
from store.people.reading_rounds import NewRound
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.fix_api import Api
from tests.fix_registry import NOW_US, SINCE
from tests.pages import token_of
from tests.patience import patient
from tests.secret_keys import BOX

DAY_US = 86_400_000_000
PHONE = {"accept": "text/html", "accept-language": "en"}
WORKER = {"accept": "application/json"}
_numbers = count()


@dataclass(frozen=True)
class Asked:
    """A meter that its customer is to read. path : of its page; secret : of its link."""

    api: Api
    meter: str
    path: str
    secret: str

    def rows(self) -> list[tuple[float, str, str, int]]:
        """What was entered since: kWh, author, source, status."""
        with connect(self.api.seeded.url) as connection:
            return connection.execute(
                "select kwh, author, source, status from customers.entered_reading "
                "where meter = %s and author <> 'seed' order by entered_at",
                (self.meter,),
            ).fetchall()


def ask(api: Api, *, closes: float = 5.0, customer: str = "c3") -> Asked:
    """A meter of its own, which stood at 10,000 kWh yesterday, in a round of its own."""
    meter, number = f"linked-{(n := next(_numbers))}", f"L{n}"
    with connect(api.seeded.url) as connection:
        connection.execute(
            "insert into customers.meter (tenant, meter, number, interval_s) "
            "values ('t1', %s, %s, 900)", (meter, number),
        )  # fmt: skip
        connection.execute(
            "insert into customers.contract (tenant, contract, customer, kind, valid_from, meter) "
            "values ('t1', %s, %s, 'electricity', %s, %s)", (meter, customer, SINCE, meter),
        )  # fmt: skip
        connection.execute(
            "insert into customers.entered_reading (reading_id, tenant, meter, customer, read_at, "
            "kwh, source, author, entered_at, status, verdict, confirmed, counts, key) values "
            "(md5(%s), 't1', %s, %s, %s, 10000, 'utility', 'seed', %s, 6, 'unknown', false, true, "
            "'known')",
            (meter, meter, customer, from_us(NOW_US - DAY_US), from_us(NOW_US - DAY_US)),
        )
        new = NewRound(
            os.urandom(16).hex(), "t1", "round", *(2 * [from_us(NOW_US - DAY_US // 2)]),
            from_us(round(NOW_US + closes * DAY_US)), from_us(NOW_US - DAY_US), "utility",
        )  # fmt: skip
        assert reading_rounds.put(connection, new, [meter]) == 1
        (link,) = [
            one for one in reading_rounds.links_of(connection, "t1", customer) if one.meter == meter
        ]
        connection.commit()
    path, _, secret = reading_links.path_of(BOX, link).partition("?t=")
    return Asked(api, meter, path, secret)


@pytest.fixture
def phone(api: Api) -> Iterator[httpx.Client]:
    """A browser of somebody without key and session."""
    with httpx.Client(base_url=api.url, headers=PHONE, timeout=patient(20.0)) as client:
        yield client


def form(page: str, kwh: object, **more: Any) -> dict[str, Any]:
    once = re.search(r'name="once" value="([^"]+)"', page)
    return {
        "csrf": token_of(page), "once": once[1] if once else "", "reading": str(kwh), **more,
    }  # fmt: skip


def open_(phone: httpx.Client, asked: Asked) -> str:
    answer = phone.get(f"{asked.path}?t={asked.secret}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_reading_is_judged_and_entered_without_signing_in(api: Api, phone: httpx.Client) -> None:
    asked = ask(api)
    page = open_(phone, asked)
    assert "L" in page and 'class="range"' in page and "until your reading has arrived" in page
    assert asked.secret not in phone.get(asked.path).text, "it is in a cookie now"
    judged = phone.post(f"{asked.path}/check", data=form(page, "50000")).json()
    assert not judged["fine"] and judged["reason"]
    assert phone.post(f"{asked.path}/check", data=form(page, "10008,5")).json()["fine"]
    odd = phone.post(asked.path, data=form(page, "50000"))
    assert odd.status_code == 409 and "confirmed" in odd.text and asked.rows() == []
    data = form(page, "10 008,5")
    done = phone.post(asked.path, data=data)
    assert done.status_code == 303 and done.headers["location"].startswith(asked.path)
    after = phone.get(asked.path)
    assert after.status_code == 200 and "Your reading has arrived" in after.text
    assert "data-reading" not in after.text, "nothing more is entered"
    assert phone.post(asked.path, data=data).status_code == 303, "the same one, sent again"
    assert phone.post(asked.path, data=form(page, 10_009, once="00000000-2")).status_code == 422
    assert phone.post(f"{asked.path}/check", data=form(page, "1")).status_code == 410
    assert asked.rows() == [(10_008.5, "customer:c3", "customer", 6)]


def test_an_odd_one_that_is_confirmed_becomes_a_case(api: Api, phone: httpx.Client) -> None:
    asked = ask(api)
    page = open_(phone, asked)
    assert phone.post(asked.path, data=form(page, 50_000, confirmed="1")).status_code == 303
    ((kwh, _, _, status),) = asked.rows()
    assert kwh == 50_000 and status < 4
    assert "somebody looks at it" in phone.get(asked.path).text


def test_a_worker_sends_again_and_never_twice(api: Api, phone: httpx.Client) -> None:
    """Two keys at once are one reading; the same key is done each time."""
    asked = ask(api)
    page = open_(phone, asked)

    def send(key: str) -> tuple[int, str]:
        data = form(page, 10_010, key=key, confirmed="1")
        answer = phone.post(asked.path, data=data, headers=WORKER)
        return answer.status_code, answer.json()["result"]

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(send, ("aaaaaaaa-1", "bbbbbbbb-2") * 3))
    assert set(found) <= {(200, "done"), (422, "refused")} and (200, "done") in found
    assert len(asked.rows()) == 1


def test_a_photo_of_a_phone_is_kept(api: Api, phone: httpx.Client) -> None:
    """One of more than the limit of other forms."""
    asked = ask(api)
    out = io.BytesIO()
    Image.frombytes("RGB", (400, 300), os.urandom(400 * 300 * 3)).save(out, "JPEG", quality=95)
    assert len(out.getvalue()) > 100_000
    page = open_(phone, asked)
    files = {"photo": ("m.jpg", out.getvalue())}
    assert phone.post(asked.path, data=form(page, 10_010), files=files).status_code == 303
    with connect(api.seeded.url) as connection:
        kept = connection.execute(
            "select starts_with(p.key, 'own1:') from customers.reading_photo p "
            "join customers.entered_reading r using (reading_id) where r.meter = %s",
            (asked.meter,),
        ).fetchall()
    assert kept == [(True,)]


def test_without_its_own_secret_a_link_opens_nothing(api: Api, phone: httpx.Client) -> None:
    asked, other = ask(api), ask(api)
    wrong = asked.secret[:-2] + ("AA" if asked.secret[-2:] != "AA" else "BB")
    for url in (
        asked.path, f"{asked.path}?t=", f"{asked.path}?t={wrong}",
        f"{asked.path}?t={other.secret}", f"{reading_links.PATH}{'0' * 32}?t={asked.secret}",
        f"{reading_links.PATH}x?t={asked.secret}",
    ):  # fmt: skip
        answer = phone.get(url)
        assert answer.status_code == 404 and asked.meter not in answer.text, url
    page = open_(phone, asked)
    assert phone.post(other.path, data=form(page, 10_010)).status_code == 404
    assert other.rows() == []
    for path in ("/", "/me", "/meters", f"/reading/{asked.meter}", "/live"):
        assert phone.get(path).status_code in (303, 401), path


def test_an_ended_round_says_so(api: Api, phone: httpx.Client) -> None:
    asked = ask(api, closes=-0.1)
    answer = phone.get(f"{asked.path}?t={asked.secret}")
    assert answer.status_code == 410 and "The round ended" in answer.text
    assert asked.meter not in answer.text and "data-reading" not in answer.text


def test_who_has_left_or_withdrawn_enters_nothing(api: Api, phone: httpx.Client) -> None:
    withdrawn = ask(api, customer="quiet-home")
    page = open_(phone, withdrawn)
    assert "data-reading" not in page and withdrawn.rows() == []
    csrf = phone.cookies["tw_form"]
    data = {"csrf": csrf, "once": "00000000-1", "reading": "10010"}
    assert phone.post(withdrawn.path, data=data).status_code == 422
    left = ask(api)
    with connect(api.seeded.url) as connection:
        connection.execute(
            "update customers.contract set valid_to = %s where contract = %s",
            (from_us(NOW_US - 1), left.meter),
        )
        connection.commit()
    assert phone.get(f"{left.path}?t={left.secret}").status_code == 404
    assert withdrawn.rows() == left.rows() == []


def test_a_form_without_the_token_of_the_browser_is_refused(api: Api, phone: httpx.Client) -> None:
    asked = ask(api)
    page = open_(phone, asked)
    answer = phone.post(asked.path, data={**form(page, 10_010), "csrf": "x"})
    assert answer.status_code == 403 and asked.rows() == []
