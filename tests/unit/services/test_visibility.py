"""What is shown of a diary after a withdrawal."""

from datetime import UTC, datetime, timedelta

from services import visibility
from services.visibility import Kind

_T0 = datetime(2026, 11, 21, tzinfo=UTC)
_NEVER = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


def _entry(kind: str, minute: int) -> dict[str, object]:
    return {"kind": kind, "text": f"{kind} {minute}", "at": _T0 + timedelta(minutes=minute)}


_ENTRIES = [
    _entry("signal", 0), _entry("note", 1), _entry("owner", 2), _entry("note", 5),
    _entry("state", 6), _entry("note", 7),
]  # fmt: skip


def _shown(withdrawn: datetime | None) -> list[object]:
    return [row["text"] for row in visibility.diary({"withdrawn": withdrawn}, _ENTRIES)]


def test_notes_of_after_the_withdrawal_stay() -> None:
    assert _shown(None) == [entry["text"] for entry in _ENTRIES]
    assert _shown(_T0 + timedelta(minutes=5)) == ["owner 2", "state 6", "note 7"]


def test_of_a_customer_who_never_agreed_no_note_is_shown() -> None:
    assert _shown(_NEVER) == ["owner 2", "state 6"]


def test_every_kind_of_row_has_its_own_rule() -> None:
    """Members of an Enum with equal values would be one and the same."""
    assert len({kind.name for kind in Kind}) == len(Kind.__members__)
