"""Inject faults under load into all parts, and check that they leave no trace.

It starts its own Mosquitto, Kafka and PostgreSQL, two gateways, two ingest workers, contacts
and API, and lets simulated fleets with faults of their own publish all the time. Each round
injects a fault at a random moment and waits until messages of all partitions are acknowledged
end to end again. Checks every ten rounds and at the end: nothing lost, nothing duplicated,
features equal to recomputed ones bit for bit, each contact delivered under one id, and no
process with more files, memory or connections than before. The exit code is 1 otherwise, and if
5 of 100 recoveries take 10 s or more.

kill-api-at-step and kill-contacts-at-step are rounds of their own, with PostgreSQL, API and
contacts only: two cases are driven to their end, and the process is killed at one of their steps (a
step done, a milestone's notice, an order, a link by e-mail, a photo). Nothing is lost; inbox and
webhooks are never double by id; e-mails come at most once more for each kill, with the same
Message-ID, and are counted. They run where --kinds names nothing else.

kinds: kill-gateway, kill-ingest, kill-contacts, kill-api, kill-postgres, kill-kafka,
kill-mosquitto, stop-ingest, cut, stall, slow, redeliver, duplicate, rebalance, disk-full,
clock-step, kill-api-at-step, kill-contacts-at-step

Examples:

  tachowatt fault --rounds 100 --seed 1 --json

  tachowatt fault --rounds 5 --kinds kill-kafka,stall --keep /tmp/fault

  tachowatt fault --rounds 100 --kinds kill-api-at-step,kill-contacts-at-step --json
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import err, load_settings, out, print_json, progress_bar
from runtime.clock import SystemClock
from runtime.errors import Usage


def fault(
    rounds: Annotated[int, typer.Option(min=1, help="Faults, one after the other")] = 100,
    seed: Annotated[int, typer.Option(help="Of faults, moments and fleets")] = 1,
    kinds: Annotated[str | None, typer.Option(help="Only these, with commas")] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Folder for logs and data, which stays; empty")
    ] = None,
    meanwhile: Annotated[
        bool, typer.Option(help="A fault that kills nothing has a kill within it")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    from app.processes.warm_up import compiling, prepare
    from proving.fault import cases
    from proving.fault import run as runs
    from proving.fault.kinds import KINDS

    chosen = tuple(KINDS) if kinds is None else tuple(filter(None, kinds.split(",")))
    there = (*KINDS, *cases.KINDS)
    wrong = [kind for kind in chosen if kind not in there]
    if wrong or not chosen:
        raise Usage(f"--kinds: {', '.join(wrong) or 'none'}; there are {', '.join(there)}")
    at_steps = [kind for kind in chosen if kind in cases.KINDS]
    if at_steps and len(at_steps) < len(chosen):
        raise Usage(f"--kinds: {', '.join(at_steps)}: name only such, or none")
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise Usage(f"--keep {keep}: it is not empty")
    if not at_steps:
        with compiling() as compiled:  # before several processes start that need the kernels
            asyncio.run(prepare(compiled))
    with _folder(keep) as directory, progress_bar("fault") as advance:
        if at_steps:
            found = _at_steps(directory, at_steps, rounds, seed, advance)
        else:
            plan = runs.Plan(rounds, seed, chosen, meanwhile=meanwhile)

            def show(found: runs.Round) -> None:
                advance(found.number, rounds)
                _print_round(found)

            home = load_settings().kafka_home
            found = asyncio.run(runs.run(directory, home, SystemClock(), plan, show))
    if json:
        print_json(found)
    elif at_steps:
        _print_steps(found)
    else:
        _print(found)
    for problem in found["problems"]:
        err.print(problem, style="red", highlight=False)
    if found["problems"]:
        raise typer.Exit(1)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder of a run: `keep`, or one that goes with it."""
    with tempfile.TemporaryDirectory(prefix="tachowatt-fault-") as temporary:
        directory = Path(temporary) if keep is None else keep.resolve()
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o755)  # PostgreSQL's own user must get in
        yield directory


def _at_steps(
    directory: Path, kinds: list[str], rounds: int, seed: int, advance: Callable[[int, int], None]
) -> dict[str, Any]:
    from proving.fault import cases

    def show(number: int, kind: str, at: str) -> None:
        advance(number, rounds)
        err.print(f"{number:4} {kind:<22} at {at}", highlight=False)

    chosen = (kinds[number % len(kinds)] for number in range(rounds))
    found = asyncio.run(cases.run(directory, SystemClock(), chosen, seed, show))
    return {"seed": seed, **found}


def _print_steps(found: dict[str, Any]) -> None:
    out.print(
        f"{found['kills']} kills at steps of {found['cases']} cases: "
        f"{found['webhooks_again']} webhooks and {found['mails_again']} e-mails came once more"
    )


def _print_round(found: Any) -> None:
    back = "never" if found.recovery_s is None else f"{found.recovery_s:.1f} s"
    also = f", {found.killed_meanwhile} killed meanwhile" if found.killed_meanwhile else ""
    err.print(
        f"{found.number:4} {found.kind:<15} {found.victim:<20} after {found.published:>7} messages,"
        f" away {found.away_s:.1f} s{also}; recovered in {back}",
        highlight=False,
    )
    for problem in found.problems:
        err.print(f"     {problem}", style="red", markup=False, highlight=False)


def _print(found: dict[str, Any]) -> None:
    recovery, leaks = found["recovery_s"], found["leaks"]
    out.print(
        f"{len(found['rounds'])} faults, {found['kills']} kills in {found['seconds']} s under "
        f"{found['published']} messages: {found['lost']} lost, {found['doubled']} doubled, "
        f"{found['differences']} differences; recovery p50 {recovery['p50']} s, p95 "
        f"{recovery['p95']} s, at most {recovery['max']} s"
    )
    out.print(
        f"at most {leaks['most_files']} files and {leaks['most_memory_mib']} MiB in a process, "
        f"{leaks['most_connections']} connections on a line"
    )
    for kind, why in found["left_out"].items():
        out.print(f"left out: {kind} ({why})")
