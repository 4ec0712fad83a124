"""What a command may import: the help of all next to nothing, each no more than is listed.

Each run is a process of its own, forked from one that has loaded typer and rich, or what is named.
"""

import json
import subprocess
import sys
from pathlib import Path

from app.cli import ENTRY_POINTS, PACKAGE, CommandFiles

ROOT = Path(__file__).resolve().parents[3]

HEAVY = (
    *("aiokafka", "fastapi", "httpx", "jinja2", "matplotlib", "numba", "numpy", "paho", "pandas"),
    *("plotly", "psycopg", "pyarrow", "pydantic", "pydantic_settings", "yaml"),
)

_RUN = """
import json, os, sys, traceback
from pathlib import Path
import typer.rich_utils  # which every help needs
from app import cli

for module in json.loads(sys.argv[3]):
    __import__(module)

if len(sys.argv) > 4:
    sys.path.insert(0, str(Path(sys.argv[4]).parent))
    cli.PACKAGE = Path(sys.argv[4]).name

def run(arguments):
    receive, send = os.pipe()
    if child := os.fork():
        os.close(send)
        found = os.fdopen(receive).read()
        return found, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    sys.argv = ["tachowatt", *arguments]
    code = 70
    try:
        cli.main()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        os.write(send, " ".join(m for m in HEAVY if m in sys.modules).encode())
        os._exit(code)

HEAVY = json.loads(sys.argv[1])
print(json.dumps([run(each) for each in json.loads(sys.argv[2])]))
"""


def imports_of(
    *runs: list[str], package: Path | None = None, first: tuple[str, ...] = ()
) -> list[set[str]]:
    """Run `tachowatt` with each of these arguments; say what heavy packages it has imported.

    package : a folder of commands instead of app/commands. first : what is imported once for all,
    because it takes long and all need it.
    """
    folder = [] if package is None else [str(package)]
    arguments = [json.dumps(HEAVY), json.dumps(runs), json.dumps(first), *folder]
    command = [sys.executable, "-c", _RUN, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout)
    failed = [run for run, (_, code) in zip(runs, answers, strict=True) if code]
    assert not failed, done.stderr
    return [set(found.split()) for found, _ in answers]


PARSER = {"pydantic"}  # typer converts arguments with it; only the help of all needs none
SETTINGS = PARSER | {"pydantic_settings"}
DATABASE = SETTINGS | {"psycopg"}

HELP: dict[str, set[str]] = {
    "": set(),
    "approval": DATABASE,
    "analyse-meter": PARSER,
    "analyse-meters": PARSER,
    "check-reading": PARSER,
    "explain-bill": PARSER,
    "export-meter": DATABASE,
    "import-meter": PARSER,
    "rank-meters": PARSER,
    "reading-round": DATABASE,
    "meter-event": DATABASE,
    "rank": PARSER,
    "facts": PARSER,
    "action": PARSER,
    "decision": DATABASE,
    "api": DATABASE,
    "attributes": DATABASE | {"yaml"},
    "backup": DATABASE,
    "bench": PARSER,
    "columns": PARSER,
    "broker": PARSER,
    "case-type": PARSER,
    "consent": DATABASE,
    "contacts": DATABASE,
    "db": DATABASE | {"yaml"},
    "dead-letter": DATABASE,
    "demo": PARSER,
    "identity": DATABASE,
    "match": DATABASE,
    "device": DATABASE,
    "devices": DATABASE,
    "fault": PARSER,
    "privacy": DATABASE | {"yaml"},
    "prove": PARSER,
    "gateway": PARSER,
    "import": DATABASE | {"jinja2", "numpy", "yaml"},
    "ingest": DATABASE,
    "kernels": PARSER,
    "key": DATABASE,
    "partner": DATABASE,
    "person": DATABASE,
    "tenant": DATABASE,
    "labels": DATABASE,
    "ledger": DATABASE,
    "log": DATABASE,
    "playbook": DATABASE,
    "publish": DATABASE,
    "receiver": DATABASE,
    "registry-event": DATABASE,
    "recompute": DATABASE,
    "rescore": DATABASE,
    "rules": DATABASE,
    "score": DATABASE,
    "erase": DATABASE,
    "restore": DATABASE,
    "schemas": PARSER,
    "score-trip": PARSER,
    "serve": DATABASE,
    "settings": SETTINGS,
    "show": DATABASE,
    "secrets": DATABASE,
    "signals": DATABASE,
    "simulate": PARSER,
    "verify": DATABASE,
    "weather": DATABASE,
    "warm-up": PARSER,
}
"""What the help of each command imports."""

KERNELS = {"numba", "numpy", "yaml"}  # numba reads its settings with yaml

RUNS: dict[str, set[str]] = {
    "score-trip docs/examples/drive.csv -q": PARSER | KERNELS | {"pyarrow"},
    "analyse-meter {home} -q": PARSER | KERNELS | {"pyarrow"},
    "columns": PARSER,
    "facts": PARSER,
    "rank docs/examples/situation.json": PARSER,
    "schemas --check": PARSER | {"numpy"},
    "settings": SETTINGS,
    "simulate --to {world} --cars 1 --meters 1 --hours 0.1 --history-days 1": PARSER
    | {"numpy", "pyarrow", "yaml"},
}
"""What a run imports of the commands that need no server."""


def test_the_help_of_each_command_imports_what_is_listed() -> None:
    assert imports_of(["--help"]) == [HELP[""]] == [set()]
    found = {"": set[str]()}
    for few in (DATABASE, SETTINGS, PARSER):
        commands = [c for c, needed in HELP.items() if few <= needed and c not in found]
        runs = ([command, "--help"] for command in commands)
        found |= zip(commands, imports_of(*runs, first=tuple(sorted(few))), strict=True)
    assert found == HELP


def test_every_command_is_listed() -> None:
    assert {*CommandFiles(PACKAGE, entry_points=ENTRY_POINTS)} == {*HELP} - {""}


def test_a_run_without_a_server_imports_what_is_listed(tmp_path: Path) -> None:
    home = tmp_path / "home.csv"
    hours = (f"2026-01-05T{hour:02}:00:00Z,1.0" for hour in range(24))
    home.write_text("\n".join(["start,energy_kwh", *hours]), encoding="utf-8")
    places = {"home": home, "world": tmp_path / "world"}
    found = imports_of(*(run.format(**places).split() for run in RUNS))
    assert dict(zip(RUNS, found, strict=True)) == RUNS


def test_a_command_that_imports_too_much_is_found(tmp_path: Path) -> None:
    """The help of a file that imports numba and pandas needs them; that of all does not."""
    package = tmp_path / "greedy"
    package.mkdir()
    (package / "__init__.py").write_text('"""Commands."""\n', encoding="utf-8")
    text = '"""Count."""\n\nimport numba\nimport pandas\n\n\ndef count() -> None: ...\n'
    (package / "count.py").write_text(text, encoding="utf-8")
    (alone, all_commands) = imports_of(["count", "--help"], ["--help"], package=package)
    assert alone == PARSER | KERNELS | {"pandas", "pyarrow"}  # pandas imports pyarrow
    assert all_commands == set()


def test_the_summary_is_the_docstring_of_the_file() -> None:
    files = CommandFiles(PACKAGE)
    summaries = files.summaries()
    assert {name: files[name].help for name in files} == {
        name: command.help for name, command in summaries.items()
    }
    assert all(command.help for command in summaries.values())


_WITHOUT_PROVING = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "proving":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.argv = ["tachowatt", "--help"]
from app.cli import main
main()
"""


def test_help_needs_no_proving() -> None:
    """A deployment may leave it out (docs/adr/0026): its commands are not listed then."""
    command = [sys.executable, "-c", _WITHOUT_PROVING]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout
    assert "bench" not in done.stdout
