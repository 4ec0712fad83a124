"""Passwords and one-time codes: the vectors of the standard, and what is refused."""

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import US_PER_S
from services import passwords


@pytest.mark.parametrize(
    ("at_s", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(at_s: int, code: str) -> None:
    """Appendix B, the last six of the eight digits of SHA-1."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert passwords.totp_step(secret, code, at_s * US_PER_S) == at_s // 30


def test_a_code_counts_for_its_step_and_the_two_beside_it() -> None:
    secret, now_s = passwords.new_totp_secret(), 1_795_000_015
    assert passwords.is_totp_secret(secret)
    step = now_s // passwords.STEP_S
    for away in range(-3, 4):
        code = pyotp.TOTP(secret).generate_otp(step + away)
        expected = step + away if abs(away) <= 1 else None
        assert passwords.totp_step(secret, code, now_s * US_PER_S) == expected, away


@given(st.text(max_size=12))
def test_what_is_no_code_is_none(text: str) -> None:
    digits = "".join(text.split())
    found = passwords.totp_step("A" * 32, text, 0)
    assert found is None or (len(digits) == 6 and digits.isascii() and digits.isdigit())


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "too_short"),
        ("x" * 201, "too_long"),
        ("aaaaaaaaaaaaaaaa", "guessable"),
        ("sofia keller!!", "guessable"),
        ("Sofia@Acme.Example", "guessable"),
        ("correct horse battery", None),
        ("pässwörter für alle", None),
    ],
)
def test_passwords_that_are_refused(password: str, why: str | None) -> None:
    assert passwords.weakness(password, "Sofia Keller", "sofia@acme.example", "Acme") == why


def test_a_word_that_begins_another_hides_it_in_no_order() -> None:
    address = "sofia@acme-energy-example.org"
    known = [address[:end] for end in range(4, len(address))]
    assert passwords.weakness(address, address, *known) == "guessable"


def test_a_password_is_derived_the_same_again_and_with_another_salt_differently() -> None:
    salt, other = bytes(16), bytes([1] * 16)
    first = passwords.derive("correct horse battery", salt)
    assert first == passwords.derive("correct horse battery", salt, passwords.PARAMETERS)
    assert first != passwords.derive("correct horse battery", other)
    assert first != passwords.derive("correct horse batterY", salt)
    assert len(first) == 32 and passwords.verifier(first) != first


def test_recovery_codes_are_read_as_people_write_them() -> None:
    codes = passwords.new_recovery_codes()
    assert len(set(codes)) == passwords.RECOVERY_CODES
    written = [code.upper().replace("-", " ") for code in codes]
    assert passwords.recovery_digests(written) == passwords.recovery_digests(codes)
