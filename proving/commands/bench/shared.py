"""Options, settings and verdict that the benches share."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import err, load_settings
from runtime.settings import Settings

MqttUrl = Annotated[str | None, typer.Option(help="A broker instead of Mosquitto")]
DatabaseUrl = Annotated[str | None, typer.Option(help="Instead of our own")]
KafkaUrl = Annotated[str | None, typer.Option(help="A Kafka instead of our own")]
Devices = Annotated[int, typer.Option(min=1, help="That take turns")]
Verify = Annotated[bool, typer.Option(help="Prove the store afterwards")]
EmptyDatabaseUrl = Annotated[str | None, typer.Option(help="An empty one instead of ours")]
HalfRate = Annotated[
    float | None, typer.Option(min=100, help="Messages/s; else half of a short drain's")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout")]


def print_phases() -> Callable[[str, int, int], None]:
    """Return a progress callback that prints one line for each phase."""
    printed: list[str] = []

    def show(what: str, _done: int, _of: int) -> None:
        if what not in printed:
            printed.append(what)
            err.print(what, style="dim")

    return show


@contextmanager
def phase_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a progress callback that shows a bar for each phase if stderr is a terminal, else a
    line."""
    if not err.is_terminal:
        yield print_phases()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description}")
    with Progress(
        text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=err
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=of)

        yield show


def quantiles_text(quantiles: dict[str, Any]) -> str:
    """Write quantiles in milliseconds for people."""
    return ", ".join(f"{name} {value} ms" for name, value in quantiles.items())


@contextmanager
def bench_settings(mqtt_url: str | None, database_url: str | None) -> Iterator[Settings]:
    """Load the settings of a run, with a temporary state directory."""
    with tempfile.TemporaryDirectory(prefix="tachowatt-bench-") as directory:
        Path(directory).chmod(0o755)  # PostgreSQL's own user must get in
        yield load_settings(state_dir=Path(directory), mqtt_url=mqtt_url, database_url=database_url)


def judge(found: dict[str, Any]) -> None:
    """Exit with 1 where the run itself went wrong."""
    for problem in found["problems"]:
        err.print(problem, style="red")
    if found["problems"]:
        raise typer.Exit(1)
