"""A tenant with people, and an API over it whose clock a test moves."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pyotp
import pytest

from app.operations.registry_import import validate, write
from runtime.clock import US_PER_S, ManualClock
from services import passwords, sign_in
from store.people import persons
from store.people.persons import NewPerson
from store.postgres.pool import connect
from tests.fix_api import running_api
from tests.fix_registry import NOW_US
from tests.pages import HTML, token_of
from tests.patience import patient

PASSWORD = "correct horse battery"


@dataclass
class Company:
    """A tenant `acme`, with a running API. Its clock stands still unless a test moves it."""

    database: str
    clock: ManualClock
    url: str = ""
    secrets: dict[str, str] = field(default_factory=dict)

    def add(self, role: str, name: str = "Sofia Keller", **more: object) -> str:
        """Add a person; the address is <role>@acme.example."""
        email = f"{role}@acme.example"
        person = NewPerson("acme", role, name, email, **more)  # type: ignore[arg-type]
        with connect(self.database) as connection:
            person_id = persons.add(connection, person, self.clock.now_us())
            connection.commit()
        assert person_id is not None
        return person_id

    def invite(self, person_id: str) -> str:
        """The token of an invitation."""
        with connect(self.database) as connection:
            token = persons.invite(connection, person_id, self.clock.now_us(), sign_in.INVITATION_S)
            connection.commit()
        return token

    @contextmanager
    def browser(self, **headers: str) -> Iterator[httpx.Client]:
        """A browser without cookies."""
        with httpx.Client(
            base_url=self.url, headers={**HTML, **headers}, timeout=patient(20.0)
        ) as client:
            yield client

    def set_up(self, client: httpx.Client, person_id: str, password: str = PASSWORD) -> list[str]:
        """Accept an invitation as a person does; return the recovery codes. Signs in."""
        token = self.invite(person_id)
        page = client.get(f"/invitation?t={token}")
        assert page.status_code == 200, page.text
        secret = re.search(r'name="secret" value="([A-Z2-7]+)"', page.text)
        assert secret
        self.secrets[person_id] = secret[1]
        answer = client.post(
            "/invitation",
            data={
                "csrf": token_of(page.text), "t": token, "secret": secret[1],
                "password": password, "again": password, "code": self.code(person_id),
            },
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return re.findall(r"<li><code>([a-z0-9-]+)</code>", answer.text)

    def code(self, person_id: str) -> str:
        """What the app of a person shows now."""
        now_s = self.clock.now_us() // US_PER_S
        return pyotp.TOTP(self.secrets[person_id]).generate_otp(now_s // passwords.STEP_S)

    def next_code(self, person_id: str) -> str:
        """The code after the next change; moves the clock."""
        self.clock.advance(passwords.STEP_S)
        return self.code(person_id)

    def sign_in(
        self, client: httpx.Client, email: str, code: str, password: str = PASSWORD
    ) -> httpx.Response:
        """Fill the form of e-mail, password and code."""
        token = token_of(client.get("/login").text)
        fields = {"csrf": token, "email": email, "password": password, "code": code}
        return client.post("/login/password", data=fields)


@pytest.fixture
def company(database: str) -> Iterator[Company]:
    """A tenant with two customers, and its API on a clock that a test moves."""
    sections = {
        "tenants": [{"id": "acme", "name": "Acme", "timezone": "Europe/Berlin"}],
        "customers": [
            {"tenant": "acme", "id": "c1", "name": "Jane Doe", "email": "jane@home.example"},
            {"tenant": "acme", "id": "c2", "name": "John Doe", "email": "jane@home.example"},
        ],
    }
    write(database, validate(sections, "test"), NOW_US)
    found = Company(database, ManualClock(NOW_US))
    with running_api(
        database, found.clock, smtp_url="smtp://127.0.0.1:9", api_failures_per_minute=1000
    ) as url:
        found.url = url
        yield found
