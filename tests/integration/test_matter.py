"""A case for its customer: opened by a link for this case alone, its steps done on a phone."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from runtime.clock import US_PER_S
from services import case_links
from store.postgres.pool import Connection, connect, scalar
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US
from tests.pages import token_of
from tests.patience import patient
from tests.secret_keys import BOX

HOUR_US = 3_600 * US_PER_S
_numbers = iter(range(10_000))
PHONE = {"accept": "text/html", "accept-language": "en"}


def once() -> dict[str, str]:
    return {"Idempotency_Key": f"matter-{next(_numbers)}"}


@pytest.fixture
def connection(api: Api) -> Iterator[Connection]:
    with connect(api.seeded.url) as found:
        yield found


@pytest.fixture
def phone(api: Api) -> Iterator[httpx.Client]:
    """A browser of somebody without key and session."""
    with httpx.Client(base_url=api.url, headers=PHONE, timeout=patient(20.0)) as client:
        yield client


def opened(api: Api, type_: str = "contract-change", customer: str = "c0", **more: Any) -> str:
    body = {"type": type_, "side": "utility", "customer": customer, **more}
    answer = api.post("/v1/cases", "agent", body, **once())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def done(api: Api, case: str, step: str, data: dict[str, Any]) -> None:
    body = {"action": "complete", "data": data}
    answer = api.post(f"/v1/cases/{case}/steps/{step}", "agent", body)
    assert answer.status_code == 200, answer.text


def link_of(api: Api, case: str) -> str:
    """The path of a new link, with its secret."""
    answer = api.post(f"/v1/cases/{case}/link", "agent", {}, **once())
    assert answer.status_code == 201, answer.text
    url = answer.json()["url"]
    assert url.startswith(api.url)
    return str(url.removeprefix(api.url))


def plan(api: Api, case: str) -> dict[str, Any]:
    return dict(api.get(f"/v1/cases/{case}/steps", "agent").json())


def offered(api: Api) -> str:
    """A contract change whose offer the customer is to confirm."""
    case = opened(api)
    done(api, case, "wish", {"product": "Green 12", "start": "2026-12-15", "price_eur": 34.5})
    return case


def test_a_link_opens_the_case_and_its_step_is_done_without_a_key(
    api: Api, phone: httpx.Client
) -> None:
    case = offered(api)
    path = link_of(api, case)
    page = phone.get(path)
    assert page.status_code == 200 and "Confirm the summary" in page.text
    assert "Green 12" in page.text and "34.5" in page.text, "what is ordered stands beside it"
    bare = path.partition("?")[0]
    assert "Confirm the summary" in phone.get(bare).text, "the secret is in a cookie now"
    form = {"csrf": token_of(page.text), "step": "confirm", "times": "1", "action": "complete"}
    sent = phone.post(bare, data={**form, "field.ordered": "1"})
    assert sent.status_code == 303, sent.text
    found = plan(api, case)
    assert found["data"]["ordered"] is True and "confirm" not in found["next"]
    assert found["events"][-1]["author"] == "customer:c0"
    after = phone.get(bare).text
    assert "Order to the back office" in after, "what is next"
    assert "until" in after, "and until when"
    assert "Your order has arrived" in after, "the milestone that was reached"


def test_without_the_secret_a_link_opens_nothing(api: Api, phone: httpx.Client) -> None:
    path = link_of(api, offered(api))
    bare, _, query = path.partition("?t=")
    other = link_of(api, offered(api)).partition("?t=")
    for wrong in (
        bare,
        f"{bare}?t=",
        f"{bare}?t={query[:-1]}{'A' if query[-1] != 'A' else 'B'}",
        f"{bare}?t={other[2]}",
        f"/matter/{'0' * 32}?t={query}",
        f"/matter/x?t={query}",
        f"{bare}?t={query}%00",
    ):
        answer = phone.get(wrong)
        assert answer.status_code == 404 and "Green 12" not in answer.text, wrong
        assert not phone.cookies, wrong
    assert phone.get(path).status_code == 200


def test_a_link_opens_this_case_alone(api: Api, phone: httpx.Client) -> None:
    first, second = offered(api), offered(api)
    page = phone.get(link_of(api, first))
    bare = link_of(api, second).partition("?")[0]
    form = {"csrf": token_of(page.text), "step": "confirm", "times": "1", "action": "complete"}
    assert phone.post(bare, data={**form, "field.ordered": "1"}).status_code == 404
    assert "ordered" not in plan(api, second)["data"]
    for path in ("/", "/me", "/inbox", "/cases", f"/cases/{first}", "/live"):
        assert phone.get(path).status_code in (303, 401), path


def test_a_link_does_the_customers_steps_only(api: Api, phone: httpx.Client) -> None:
    case = opened(api)
    path = link_of(api, case)
    page = phone.get(path)
    assert "Record the wish" in page.text and 'name="field.' not in page.text
    token = phone.cookies["tw_form"]
    form = {"csrf": token, "times": "1", "action": "complete", "field.product": "x",
            "field.start": "2026-12-15", "field.price_eur": "1"}  # fmt: skip
    for step in ("wish", "back-office", "sort-out", "nothing", ""):
        answer = phone.post(path.partition("?")[0], data={**form, "step": step})
        assert answer.status_code == 404, step
    assert plan(api, case)["data"] == {}


def test_what_does_not_fit_keeps_its_text(api: Api, phone: httpx.Client) -> None:
    case = opened(api, "moving-house", "c3")
    done(api, case, "dates", {"move_out": "2026-12-15", "stays_customer": False})
    path = link_of(api, case)
    page = phone.get(path)
    form = {"csrf": token_of(page.text), "step": "final-reading", "times": "1"}
    for wrong in ("-5", "many"):
        answer = phone.post(
            path.partition("?")[0],
            data={**form, "action": "complete", "field.final_kwh": wrong},
        )
        assert answer.status_code == 422 and 'role="alert"' in answer.text
        assert f'value="{wrong}"' in answer.text
    ok = {**form, "action": "complete", "field.final_kwh": "1234,5"}
    assert phone.post(path.partition("?")[0], data=ok).status_code == 303
    assert plan(api, case)["data"]["final_kwh"] == 1234.5
    again = phone.post(path.partition("?")[0], data=ok)
    assert again.status_code in (404, 409), "a step is done once"


def test_links_are_made_once_for_a_request_and_listed(api: Api) -> None:
    case = offered(api)
    key = once()
    first = api.post(f"/v1/cases/{case}/link", "agent", {}, **key)
    again = api.post(f"/v1/cases/{case}/link", "agent", {}, **key)
    assert first.json() == again.json()
    secret = first.json()["url"].partition("?t=")[2]
    found = api.get(f"/v1/cases/{case}/links", "agent")
    assert len(found.json()["data"]) == 1 and secret not in found.text
    problem(api.post(f"/v1/cases/{case}/link", "agent", {}), 400, "idempotency_key_missing")


def test_a_secret_is_stored_nowhere(api: Api, connection: Connection, phone: httpx.Client) -> None:
    path = link_of(api, offered(api))
    assert phone.get(path).status_code == 200
    secret = path.partition("?t=")[2]
    tables = connection.execute(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = relnamespace "
        "where nspname in ('contacts', 'access', 'customers') and relkind = 'r'"
    ).fetchall()
    for (table,) in tables:
        there = scalar(
            connection, f"select count(*) from {table} t where t::text like %s", (f"%{secret}%",)
        )
        assert there == 0, table


def test_a_revoked_and_an_old_link_open_nothing(
    api: Api, connection: Connection, phone: httpx.Client
) -> None:
    case = offered(api)
    path = link_of(api, case)
    page = phone.get(path)
    assert page.status_code == 200
    answer = api.post(f"/v1/cases/{case}/links/revoke", "agent")
    assert answer.json() == {"revoked": 1}
    form = {"csrf": token_of(page.text), "step": "confirm", "times": "1", "action": "complete"}
    late = phone.post(path.partition("?")[0], data={**form, "field.ordered": "1"})
    assert late.status_code == 404 and "ordered" not in plan(api, case)["data"]
    link, old = case_links.make(connection, BOX, "t1", case, "x", "old", NOW_US - 50 * HOUR_US, 48)
    connection.commit()
    assert link.expires_at.timestamp() * US_PER_S < NOW_US
    assert phone.get(old).status_code == 404


def test_who_changes_the_row_makes_no_link(
    api: Api, connection: Connection, phone: httpx.Client
) -> None:
    """The secret vouches for tenant, case, customer and end: none can be changed by SQL."""
    case, other = offered(api), offered(api)
    path = link_of(api, case)
    id_ = re.search(r"[0-9a-f]{32}", path)
    assert id_ is not None
    for change in (
        f"case_id = '{other}'",
        "customer = 'omar-driver'",
        "tenant = 't2'",
        "expires_at = expires_at + interval '1 hour'",
    ):
        before = connection.execute(
            "select case_id, customer, tenant, expires_at from contacts.case_link "
            "where link_id = %s",
            (id_[0],),
        ).fetchone()
        assert before is not None
        connection.execute(f"update contacts.case_link set {change} where link_id = %s", (id_[0],))
        connection.commit()
        assert phone.get(path).status_code == 404, change
        connection.execute(
            "update contacts.case_link set (case_id, customer, tenant, expires_at) = "
            "(%s, %s, %s, %s) where link_id = %s",
            (*before, id_[0]),
        )
        connection.commit()
    assert phone.get(path).status_code == 200


def test_a_case_without_customer_or_of_others_has_no_link(api: Api) -> None:
    case = api.post("/v1/cases", "agent", {"type": "complaint", "side": "insurer"}, **once()).json()
    answer = api.post(f"/v1/cases/{case['id']}/link", "agent", {}, **once())
    problem(answer, 409, "not_allowed_now")
    own = opened(api)
    assert api.post(f"/v1/cases/{own}/link", "agent", {}, "zz", **once()).status_code == 404
    assert api.post(f"/v1/cases/{own}/link", "insurer", {}, **once()).status_code == 404


def photo(colour: str = "red", size: tuple[int, int] = (80, 60), exif: bool = True) -> bytes:
    """A JPEG with a position in its Exif data."""
    image, out = Image.new("RGB", size, colour), io.BytesIO()
    data = Image.Exif()
    if exif:
        gps = data.get_ifd(0x8825)
        gps[1], gps[2], gps[3], gps[4] = "N", (51.0, 42.0, 4.44), "E", (7.0, 18.0, 27.55)
        data[0x010E] = "PLANTED-DESCRIPTION"
    image.save(out, "JPEG", exif=data)
    return out.getvalue()


@pytest.fixture
def disputed(api: Api, phone: httpx.Client) -> tuple[str, str, str]:
    """A case whose customer is to send a photo: its id, the path of its page, a token."""
    case = opened(api, "reading-dispute", "c3")
    done(api, case, "claimed", {"reading_kwh": 12.0, "reading_date": "2026-11-29"})
    path = link_of(api, case)
    token = token_of(phone.get(path).text)
    return case, path.partition("?")[0], token


def send_photo(phone: httpx.Client, path: str, token: str, content: bytes, **more: str) -> Any:
    return phone.post(
        f"{path}/files",
        data={"csrf": token, "step": "photo", "document": "meter-photo", **more},
        files={"file": ("meter.jpg", content, "image/jpeg")},
    )


def test_a_photo_is_cleaned_encrypted_and_shown_to_the_agent(
    api: Api, connection: Connection, phone: httpx.Client, disputed: tuple[str, str, str]
) -> None:
    case, path, token = disputed
    assert "disabled" in phone.get(path).text, "first the photo"
    sent = send_photo(phone, path, token, photo())
    assert sent.status_code == 303, sent.text
    again = send_photo(phone, path, token, photo())
    assert again.status_code == 303
    files = api.get(f"/v1/cases/{case}/files", "agent").json()["data"]
    assert len(files) == 1, "the same photo twice is one"
    assert files[0]["author"] == "customer:c3" and files[0]["media_type"] == "image/jpeg"
    shown = phone.get(f"{path}/files/{files[0]['id']}")
    assert shown.headers["content-type"] == "image/jpeg"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert b"PLANTED" not in shown.content and b"Exif" not in shown.content
    with Image.open(io.BytesIO(shown.content)) as image:
        assert image.size == (80, 60) and not dict(image.getexif())
    row = connection.execute(
        "select content, key, position, size_bytes from contacts.case_file where file_id = %s",
        (files[0]["id"],),
    ).fetchone()
    assert row is not None
    assert b"\xff\xd8\xff" not in bytes(row[0])[:40] and shown.content not in bytes(row[0])
    assert row[1].startswith("own1:") and row[2] is None and row[3] == len(shown.content)
    assert plan(api, case)["stages"][0]["steps"][1]["documents"] == {"meter-photo": True}
    form = {"csrf": token, "step": "photo", "times": "1", "action": "complete"}
    assert phone.post(path, data={**form, "field.readable": "1"}).status_code == 303


def test_the_place_of_a_photo_is_kept_only_where_the_customer_agrees(
    api: Api, connection: Connection, phone: httpx.Client, disputed: tuple[str, str, str]
) -> None:
    from services import case_files

    case, path, token = disputed
    assert send_photo(phone, path, token, photo("blue"), keep_position="1").status_code == 303
    file = api.get(f"/v1/cases/{case}/files", "agent").json()["data"][0]["id"]
    found = case_files.position(connection, BOX, "t1", case, file)
    assert found is not None and abs(found[0] - 51.70123) < 1e-4 and abs(found[1] - 7.30765) < 1e-4
    stored = scalar(
        connection, "select position from contacts.case_file where file_id = %s", (file,)
    )
    assert stored.startswith("own1:")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<script>alert(1)</script>",
        b"%PDF-1.7", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBP", b"GIF89a",
        lambda: photo()[:-300], lambda: photo(size=(9_000, 9_000), exif=False),
    ],
    ids=["empty", "text", "svg", "html", "pdf", "jpeg head", "png head", "webp head", "gif",
         "cut", "too many pixels"],
)  # fmt: skip
def test_what_is_no_photo_is_refused(
    api: Api,
    phone: httpx.Client,
    disputed: tuple[str, str, str],
    content: bytes | Callable[[], bytes],
) -> None:
    case, path, token = disputed
    answer = send_photo(phone, path, token, content if isinstance(content, bytes) else content())
    assert answer.status_code in (303, 422)
    assert api.get(f"/v1/cases/{case}/files", "agent").json()["data"] == []
    assert plan(api, case)["stages"][0]["steps"][1]["documents"] == {"meter-photo": False}


def test_a_photo_of_another_case_step_or_without_a_token_is_refused(
    api: Api, phone: httpx.Client, disputed: tuple[str, str, str]
) -> None:
    case, path, token = disputed
    assert send_photo(phone, path, "x", photo()).status_code == 403
    assert send_photo(phone, path, token, photo(), step="claimed").status_code == 404
    assert send_photo(phone, path, token, photo(), document="other").status_code == 404
    elsewhere = link_of(api, offered(api)).partition("?")[0]
    assert send_photo(phone, elsewhere, token, photo()).status_code == 404
    assert api.get(f"/v1/cases/{case}/files", "agent").json()["data"] == []
    assert api.get(f"/v1/cases/{case}/files", "agent", "zz").status_code == 404


def test_a_huge_upload_is_refused_unread(phone: httpx.Client, disputed: Any) -> None:
    _, path, token = disputed
    answer = send_photo(phone, path, token, b"\xff\xd8\xff" + bytes(11 * 1024 * 1024))
    assert answer.status_code == 413
