"""Second factors and accounts of a provider outlast the key that they were sealed with."""

from contextlib import nullcontext

from runtime.secret_box import box_with, new_key
from services import secrets as stored_secrets
from services import sign_in
from store.people import persons
from store.people.persons import NewPerson
from store.postgres.pool import connect
from tests.fix_people import PASSWORD, Company
from tests.secret_keys import BOX, KEY


def test_people_sign_in_after_a_rotation_of_the_key(company: Company) -> None:
    sofia = company.add("agent")
    with company.browser() as client:
        codes = company.set_up(client, sofia)
    now_us, new = company.clock.now_us(), new_key()
    both, only_new = box_with(new, KEY), box_with(new)
    email, issuer = "agent@acme.example", "https://sso.example"
    with connect(company.database) as connection:
        found = sign_in.by_identity(connection, BOX, issuer, "s", email, now_us)
        assert found is not None and found.person_id == sofia
        stored_secrets.reseal(connection, both, now_us)
        again = sign_in.by_identity(connection, only_new, issuer, "s", None, now_us)
        assert again == found
        assert sign_in.by_identity(connection, BOX, issuer, "s", None, now_us) is None
        account = sign_in.by_password(
            lambda: nullcontext(connection),
            only_new,
            email,
            PASSWORD,
            codes[0],
            now_us,
        )
        assert account == found


def test_an_identity_is_of_staff_and_of_one_person(company: Company) -> None:
    now_us, issuer = company.clock.now_us(), "https://sso.example"
    with connect(company.database) as connection:
        customer = NewPerson("acme", "customer", "Jane", "jane@home.example", "c1")
        persons.add(connection, customer, now_us)
        none = sign_in.by_identity(connection, BOX, issuer, "j", "jane@home.example", now_us)
        assert none is None, "several customers may share an address"
    company.add("agent")
    with connect(company.database) as connection:
        first = sign_in.by_identity(connection, BOX, issuer, "a", "agent@acme.example", now_us)
        second = sign_in.by_identity(connection, BOX, issuer, "b", "agent@acme.example", now_us)
        assert first is not None and second is None, "another account there is another person"
