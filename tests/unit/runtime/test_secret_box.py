"""Secrets are sealed: whoever has the stored text and not its key reads and changes nothing."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import Usage
from runtime.secret_box import (
    PREFIX,
    Damaged,
    Key,
    KeyMissing,
    box_of,
    box_with,
    create_file,
    key_id_of,
    new_key,
    parse_keys,
    write_file,
)
from runtime.settings import Settings

ONE, TWO = Key(bytes(32)), Key(bytes([1]) * 32)
TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
KEYS = st.binary(min_size=32, max_size=32).map(Key)


@given(TEXT, TEXT, st.lists(KEYS, min_size=1, max_size=4, unique=True), st.integers(0, 3))
def test_what_is_sealed_opens_with_any_order_of_keys_that_has_its_key(
    clear: str, bound_to: str, keys: list[Key], which: int
) -> None:
    key = keys[which % len(keys)]
    sealed = box_with(key).seal(clear, bound_to)
    assert sealed.startswith(f"{PREFIX}{key.id}:") and key_id_of(sealed) == key.id
    assert box_with(*keys).open(sealed, bound_to) == clear
    assert box_with(*reversed(keys)).open(sealed, bound_to) == clear


@given(TEXT, st.floats(0.0, 1.0, exclude_max=True))
def test_no_change_of_a_sealed_value_opens(clear: str, share: float) -> None:
    box = box_with(ONE)
    sealed = box.seal(clear, "a")
    first, last = len(PREFIX) + 17, len(sealed) - 1  # the last character has unused bits
    at = first + int(share * (last - first))
    for other in "Az0-_":
        if other != sealed[at]:
            with pytest.raises(Damaged):
                box.open(sealed[:at] + other + sealed[at + 1 :], "a")
    with pytest.raises(Damaged):
        box.open(sealed[:at], "a")


def test_a_value_does_not_open_in_another_place() -> None:
    box = box_with(ONE)
    with pytest.raises(Damaged, match="belongs to another row"):
        box.open(box.seal("whsec_x", "contacts.receiver_secret.secret:1"), "…:2")


def test_one_text_is_never_sealed_alike_twice() -> None:
    box = box_with(ONE)
    assert len({box.seal("x", "a") for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    "stored", ["whsec_abc", "", PREFIX, f"{PREFIX}zz:aa", f"{PREFIX}{'0' * 16}:"]
)
def test_what_is_not_sealed_is_said_to_be_so(stored: str) -> None:
    assert key_id_of(stored) is None
    with pytest.raises(Damaged, match="is not sealed; run `tachowatt db migrate`"):
        box_with(ONE).open(stored, "a")


def test_a_missing_key_is_named_and_no_key_is_shown() -> None:
    sealed = box_with(ONE).seal("x", "a")
    with pytest.raises(KeyMissing) as missing:
        box_with(TWO).open(sealed, "a")
    assert missing.value.key_id == ONE.id
    assert ONE.id in str(missing.value) and TWO.id in str(missing.value)
    for text in (str(missing.value), repr(TWO), repr(Settings(secrets_key=TWO.text))):
        assert TWO.text not in text and repr(TWO.material) not in text
    for call in (lambda: box_with().open(sealed, "a"), lambda: box_with().seal("x", "a")):
        with pytest.raises(KeyMissing, match="TACHOWATT_SECRETS_KEY_FILE"):
            call()


@given(st.lists(KEYS, max_size=4))
def test_a_key_file_is_read_as_it_was_written(keys: list[Key]) -> None:
    lines = "".join(f" {key.text}  # {key.id}\r\n\n" for key in keys)
    assert parse_keys("# a comment\n" + lines, "file") == tuple(keys)
    assert parse_keys(",".join(key.text for key in keys), "file") == tuple(keys)


@pytest.mark.parametrize("line", ["hunter2", "A" * 43, ONE.text[:-2], ONE.text + "AAAA", "é" * 44])
def test_a_line_that_is_no_key_is_refused_without_being_quoted(line: str) -> None:
    with pytest.raises(Usage, match=r"k\.key: line 2 is no key") as refused:
        parse_keys(f"{ONE.text}\n{line}\n", "k.key")
    assert line not in str(refused.value)


def test_a_key_file_is_its_owners_only_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "state" / "secrets.key"
    before = os.umask(0)
    try:
        assert create_file(file, ONE)
        assert not create_file(file, TWO)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        write_file(file, (TWO, ONE))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert [entry.name for entry in file.parent.iterdir()] == ["secrets.key"], "no draft is left"
    settings = Settings(state_dir=tmp_path / "state", secrets_key="")
    assert box_of(settings).all_keys() == (TWO, ONE)


def test_a_running_process_reads_new_keys_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "k"
    create_file(file, ONE)
    box = box_of(Settings(secrets_key_file=file, secrets_key=""))
    old = box.seal("x", "a")
    write_file(file, (TWO, ONE))
    assert key_id_of(box.seal("x", "a")) == TWO.id and box.open(old, "a") == "x"
    file.unlink()
    with pytest.raises(KeyMissing, match="there is no key"):
        box.open(old, "a")


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "k"
    create_file(file, ONE)
    box = box_of(Settings(secrets_key_file=file, secrets_key=f"{TWO.text},{ONE.text}"))
    assert box.all_keys() == (TWO, ONE) and box.file is None
    assert new_key() != new_key()


def test_a_mac_fits_its_text_and_purpose_by_any_key_of_now() -> None:
    old, new = new_key(), new_key()
    mac = box_with(old).mac("use", "text")
    both = box_with(new, old)
    assert both.is_mac("use", "text", mac)
    for purpose, text, code in (
        ("use", "text!", mac), ("other", "text", mac), ("use", "text", ""), ("use", "text", "ä"),
    ):  # fmt: skip
        assert not both.is_mac(purpose, text, code)
    assert not box_with(new).is_mac("use", "text", mac)
    assert both.mac("use", "text") != mac, "the first key makes it"
    assert not box_with().is_mac("use", "text", mac)
    with pytest.raises(KeyMissing):
        box_with().mac("use", "text")
