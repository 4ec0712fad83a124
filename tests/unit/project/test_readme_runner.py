"""The script that runs the README: which fences it takes, and that it notices what fails."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.readme import ROOT, Fence, Runner, fences

DOCUMENT = """
```sh
never
```

```sh run
export A=1
```

```sh run end background until="is ready"
serve
```
"""


def test_it_takes_the_marked_fences_in_order() -> None:
    assert list(fences(DOCUMENT, "x.md")) == [
        Fence("x.md:6", "export A=1\n"),
        Fence("x.md:10", "serve\n", background=True, end=True, until="is ready"),
    ]


@pytest.mark.parametrize("how", ["background", 'until="x"', "backgroud until=x", "fast"])
def test_words_that_it_does_not_know_are_refused(how: str) -> None:
    with pytest.raises(ValueError, match=r"x\.md:1"):
        list(fences(f"```sh run {how}\nls\n```\n", "x.md"))


def test_the_readme_marks_its_main_commands() -> None:
    commands = "".join(f.commands for f in fences((ROOT / "README.md").read_text(), "README.md"))
    for each in ("make demo", "serve", "import", "publish", "score-trip", "analyse-meter"):
        assert each in commands


def test_variables_hold_and_failures_are_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = Runner(tmp_path)
    assert runner.run(Fence("1", "export WORD=hello\n"))
    assert runner.run(Fence("2", 'echo "$WORD" > said\n'))
    assert (tmp_path / "said").read_text() == "hello\n"
    assert not runner.run(Fence("3", "false\ntrue\n"))
    assert not runner.run(Fence("4", "echo other\n", background=True, until="ready"))
    shown = capsys.readouterr().out
    assert "exit code 1" in shown and "never printed 'ready'" in shown


@pytest.mark.parametrize("ours", [signal.default_int_handler, signal.SIG_IGN])
def test_a_background_fence_is_interrupted(tmp_path: Path, ours: Any) -> None:
    """Also where this process ignores the signal, as one that a shell started with `&`."""
    before = signal.signal(signal.SIGINT, ours)
    try:
        interrupt_a_fence(tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt_a_fence(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    # Not by `wait`: it would not notice a signal that comes just before it begins to wait.
    waits = "trap 'echo bye > ended; exit 0' INT\necho ready\nwhile :; do sleep 0.05 || :; done\n"
    assert runner.run(Fence("1", waits, background=True, until="ready"))
    runner.end()
    assert (tmp_path / "ended").read_text() == "bye\n"
