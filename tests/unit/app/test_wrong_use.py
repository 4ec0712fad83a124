"""Wrong use of the command: one line that says what is wrong, one that says where to look."""

import pytest

from app import cli


@pytest.mark.parametrize(
    ("arguments", "says", "see"),
    [
        ("nope", "No such command 'nope'", "tachowatt --help"),
        ("key create", "Missing argument 'tenant'", "tachowatt key create --help"),
        ("key create demo --role boss --name x", "'boss' is not one of", "key create --help"),
        ("contacts list --limit 0", "Invalid value for '--limit'", "contacts list --help"),
        ("contacts list --bogus", "No such option", "contacts list --help"),
        ("contacts list --state lost", "expected one of pending, delivered", ""),
        ("signals --type nope", "expected one of trip.completed", ""),
    ],
)
def test_it_says_what_is_wrong_and_where_to_look(
    arguments: str,
    says: str,
    see: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["tachowatt", *arguments.split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    text = capsys.readouterr().err
    assert ended.value.code == 2
    assert text.startswith("error: ") and says in text and see in text
    assert "Traceback" not in text and "Value error" not in text


def test_a_group_alone_prints_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tachowatt", "playbook"])
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr()
    assert "explain" in shown.out and "error" not in shown.err
