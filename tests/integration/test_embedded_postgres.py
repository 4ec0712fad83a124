"""Who gets to the embedded PostgreSQL, and what its start changes on the machine."""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from app.processes.stack import Stack
from app.servers import passage, postgres
from app.servers.postgres import Postgres
from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.settings import Settings
from store.postgres.pool import Pool, connect, scalar
from store.postgres.roles import API_LOGIN, READER
from tests.fix_postgres import open_folder

CLOCK = SystemClock()
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root only: it starts another user's server")


@pytest.fixture
def closed() -> Iterator[Path]:
    """Two folders, each open to its owner only."""
    outer = Path(tempfile.mkdtemp(prefix="tachowatt-closed-"))
    inner = outer / "inner"
    inner.mkdir(mode=0o700)
    outer.chmod(0o700)
    yield inner
    shutil.rmtree(outer)


def as_user(uid: int, gid: int, work: Callable[[], None]) -> str:
    """Run `work` in a child process as this user; returns what it raised, '' = nothing."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            work()
            said = ""
        except BaseException as error:  # all of it goes to the parent
            said = f"{type(error).__name__}: {error}"
        os.write(write, said.encode()[:4_000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


@as_root
def test_closed_parents_stay_closed_to_everybody_else(
    closed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = closed / "state"
    state.mkdir()
    (state / "service.json").write_text("{}")
    state.chmod(0o755)
    server = Postgres(state, CLOCK)
    try:
        connect(server.start()).close()
    finally:
        server.stop()
    for folder in (closed, closed.parent):
        mode = stat.S_IMODE(folder.stat().st_mode)
        assert not mode & 0o007, "nothing for everybody"
        assert mode & ~0o010 == 0o700, "at most the mask of the list, which shows as the group's x"
    assert stat.S_IMODE((state / "postgres").stat().st_mode) == 0o700
    assert str(closed) in caplog.text and "Nobody else may" in caplog.text
    nobody = pwd.getpwnam("nobody")
    for work in (
        lambda: os.listdir(closed),
        lambda: os.stat(state),
        lambda: (state / "service.json").read_text(),
    ):
        assert "PermissionError" in as_user(nobody.pw_uid, nobody.pw_gid, work)
    owner = pwd.getpwnam("tachowatt-postgres")
    assert as_user(owner.pw_uid, owner.pw_gid, lambda: os.stat(state) and None) == ""
    assert "PermissionError" in as_user(owner.pw_uid, owner.pw_gid, lambda: os.listdir(closed))
    caplog.clear()
    server = Postgres(state, CLOCK)
    try:
        server.start()
    finally:
        server.stop()
    assert "Nobody else may" not in caplog.text, "there is nothing to do any more"


@as_root
def test_without_access_control_lists_the_administrator_is_asked(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "open_to", lambda *_: False)
    with pytest.raises(Stop, match=rf"chmod o\+x {closed.parent} {closed}"):
        Postgres(closed, CLOCK).start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_an_existing_list_is_kept(closed: Path) -> None:
    nobody, owner = pwd.getpwnam("nobody"), postgres._system_user()
    assert passage.open_to(nobody, closed) and passage.open_to(owner, closed)
    assert passage.open_to(owner, closed), "safe to repeat"
    for user in (nobody, owner):
        assert passage.closed_to(user, closed / "x") == [closed.parent]
    assert len(passage._entries(closed)) == 6
    (closed / "file").write_text("x")
    for user in (nobody, owner):
        assert "PermissionError" in as_user(
            user.pw_uid, user.pw_gid, lambda: (closed / "file").read_text()
        )


@as_root
def test_its_user_cannot_sign_in() -> None:
    user = postgres._system_user()
    assert user.pw_shell.endswith(("nologin", "false")) and not Path(user.pw_dir).exists()


@as_root
def test_only_the_service_s_user_is_let_in(postgres_url: str) -> None:
    """`trust` let in everybody who reaches the socket, as any role."""
    folder = open_folder()
    server = Postgres(folder, CLOCK)
    try:
        url = server.start()
        settings = (folder / "postgres" / "pg_hba.conf").read_text()
        assert "trust" not in settings and "password" not in settings
        assert scalar(connect(url), "show listen_addresses") == ""
        owner, nobody = pwd.getpwnam("tachowatt-postgres"), pwd.getpwnam("nobody")

        def enter() -> None:
            psycopg.connect(url).close()

        said = as_user(owner.pw_uid, owner.pw_gid, enter)
        assert "Peer authentication failed" in said or "peer authentication failed" in said
        assert "ermission denied" in as_user(nobody.pw_uid, nobody.pw_gid, enter)
    finally:
        server.stop()
        shutil.rmtree(folder)


def test_data_of_an_earlier_version_are_closed_at_the_next_start(state_dir: Path) -> None:
    server = Postgres(state_dir, CLOCK)
    server.start()
    server.stop()
    (state_dir / "postgres" / "pg_hba.conf").write_text("local all all trust\n")
    server = Postgres(state_dir, CLOCK)
    try:
        connect(server.start()).close()
        assert "trust" not in (state_dir / "postgres" / "pg_hba.conf").read_text()
    finally:
        server.stop()


def test_the_api_does_not_become_the_owner_of_the_tables(state_dir: Path) -> None:
    settings = Settings(state_dir=state_dir)
    stack = Stack(settings, CLOCK)
    try:
        addresses = stack.start(broker=False)
        assert API_LOGIN in addresses.api_database_url
        pool = Pool(addresses.api_database_url, most=1, role=READER)
        try:
            with pool.connection() as connection:
                assert scalar(connection, "select current_user") == READER
                for statement in (
                    "reset role; select * from access.api_key",
                    "reset role; set role postgres",
                    "reset role; create role x superuser",
                    "set session authorization postgres",
                    "reset role; copy (select 1) to program 'id'",
                ):
                    with pytest.raises(errors.InsufficientPrivilege):
                        connection.execute(statement.encode())
                    connection.rollback()
        finally:
            pool.close()
        assert Stack(settings, CLOCK).running() is None
    finally:
        stack.stop()
