"""What a device wrote is printed, and neither obeyed by a terminal nor taken for markup."""

import io
import json

import pytest
from rich.text import Text

from app.commands.shared import console
from app.commands.shared.console import SafeConsole, print_json, print_table
from runtime import printable

EVIL = [
    ("\x1b[31mred", "\\x1b[31mred"),
    ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
    ("\x9b2J", "\\x9b2J"),
    ("\x7f\x08\x00", "\\x7f\\x08\\x00"),
    ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
    ("\ud800", "\\ud800"),
    ("[bold red]topic[/bold red]", "[bold red]topic[/bold red]"),
    ("[link=https://evil.example]x[/link]", "[link=https://evil.example]x[/link]"),
    ("[/nothing]", "[/nothing]"),
    (":warning:", ":warning:"),
    ("Zählerstände ✓ 漢字", "Zählerstände ✓ 漢字"),
]


@pytest.mark.parametrize(("given", "shown"), EVIL)
def test_tables_show_what_there_is(
    given: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(f"of {given}", [given], [[given], [f"a\n{given}"]])
    found = capsys.readouterr().out
    assert found.count(shown) == 4 and f"a\\x0a{shown}" in found
    assert not [c for c in found if c != "\n" and printable.line(c) != c]


@pytest.mark.parametrize(("given", "shown"), EVIL)
def test_a_terminal_gets_no_control_but_our_own(
    given: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colours of the console itself are escape sequences; rich's own parser reads them back."""
    file = io.StringIO()
    monkeypatch.setattr(
        console, "out", SafeConsole(file=file, force_terminal=True, width=200, soft_wrap=True)
    )
    print_table("Dead letter", ["topic"], [[given]])
    console.out.print(f"first {given}\nsecond\t{given}", style="red")
    plain = Text.from_ansi(file.getvalue()).plain
    assert plain.count(shown) == 3


@pytest.mark.parametrize(("given", "shown"), EVIL)
def test_json_is_the_same_and_harmless(
    given: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_json({"topic": given})
    found = capsys.readouterr().out
    assert json.loads(found) == {"topic": given}
    assert not [c for c in found if c != "\n" and printable.line(c) != c]
    assert json.loads(console.json_text({"topic": given})) == {"topic": given}


def test_line_ends_and_tabs_stay_in_text() -> None:
    assert printable.text("a\n\tb\r") == "a\n\tb\\x0d"
    assert printable.line("a\n\tb\r") == "a\\x0a\\x09b\\x0d"
