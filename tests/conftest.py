"""Fixtures are plugins, one file each; what a test needs starts itself (tests/README.md)."""

import gc
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.patience import patient
from tests.secret_keys import KEY

# Processes and settings of all tests share a key: each has a state directory of its own, and
# several of them use one database.
os.environ.setdefault("TACHOWATT_SECRETS_KEY", KEY.text)

_UNIT = Path(__file__).parent / "unit"
_PLUGINS = [
    "tests.fix_http",
    "tests.fix_postgres",
    "tests.fix_timescale",
    "tests.fix_broker",
    "tests.fix_kafka",
    "tests.fix_registry",
    "tests.fix_fleet",
    "tests.fix_receiver",
    "tests.fix_contacts",
    "tests.fix_api",
    "tests.fix_roles",
    "tests.fix_people",
]
"""Fixtures that start servers, and what they need of the program. Unit tests have none of them."""

# A conftest.py of a folder may import one of them before.
pytest.register_assert_rewrite(*_PLUGINS)


@pytest.hookimpl(tryfirst=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """Load plugins and Hypothesis with the first file that needs them: it takes seconds."""
    if not file_path.name.startswith("test_"):
        return
    if not file_path.is_relative_to(_UNIT):
        for plugin in _PLUGINS:
            parent.config.pluginmanager.import_plugin(plugin)
    if b"hypothesis" in file_path.read_bytes():
        _load_hypothesis_profile()


@pytest.hookimpl(tryfirst=True)  # before pytest-timeout reads it, and before workers start
def pytest_configure(config: pytest.Config) -> None:
    """A test's limit of time grows with the slowness of the machine, unless one is given."""
    config.option.loadscopereorder = False  # xdist: the order is ours (below), not by size
    if config.getoption("timeout") is None and "PYTEST_TIMEOUT" not in os.environ:
        config.option.timeout = patient(float(config.getini("timeout")))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """The garbage collector leaves alone what is there before the first test: going through a
    million objects again and again finds nothing."""
    gc.disable()
    result = yield
    gc.collect()
    gc.freeze()
    gc.enable()
    return result


_COLLECTOR = gc.get_threshold()
_MOST_FILES = 500
"""Open files of a worker: paho's client waits by select(), which takes only the first 1,024."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """What one test leaves behind must not fail another one, far away in the same worker."""
    yield
    if gc.get_threshold() != _COLLECTOR:
        gc.set_threshold(*_COLLECTOR)
        pytest.fail(f"{item.nodeid} leaves the garbage collector with other thresholds")
    if (files := len(os.listdir("/proc/self/fd"))) > _MOST_FILES:
        pytest.fail(f"{files} files are open after {item.nodeid}")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups; those of plugins are there by then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a server of their module run in one worker, which starts it once.

    Workers take groups and single tests in this order. Groups that start the heaviest servers begin
    one after another, because several at a time would start Kafka, TimescaleDB and Chromium at
    once. A group that begins last would be waited for alone: the large ones come first, and single
    tests fill up at the end.
    """
    for item in items:
        if _of_module(item) and not any(item.iter_markers("xdist_group")):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    sizes = Counter(group for item in items for group in _groups(item))
    items.sort(key=lambda item: _turn(item, sizes))


def _of_module(item: pytest.Item) -> bool:
    """Whether the test asks for a fixture that stands for its whole module. Unit tests have no
    servers."""
    known = getattr(item, "_fixtureinfo", None)
    return (
        known is not None
        and not item.path.is_relative_to(_UNIT)
        and any(made[-1].scope == "module" for made in known.name2fixturedefs.values())
    )


def _groups(item: pytest.Item) -> list[str]:
    return [mark.args[0] for mark in item.iter_markers("xdist_group")]


def _turn(item: pytest.Item, sizes: Counter[str]) -> tuple[int, int, str]:
    groups = _groups(item)
    if "kafka" in groups:
        return 0, 0, ""
    if "timescale" in groups:
        return 2, 0, ""
    folder = item.path.relative_to(_UNIT.parent).parts[0]
    turn = {"unit": 1, "property": 3, "browser": 4}.get(folder)
    if turn is not None:
        return turn, 0, ""
    return (5, -sizes[groups[0]], groups[0]) if groups else (6, 0, "")


@cache
def _load_hypothesis_profile() -> None:
    """The same examples on every run and machine, no clock in the verdict."""
    from hypothesis import HealthCheck, settings
    from hypothesis.internal.conjecture import providers

    # It also tries the constants of our modules, of those that happen to be loaded: which they are
    # depends on the tests before, and so would the examples. There is no setting for it.
    providers._get_local_constants = lambda: providers._local_constants

    settings.register_profile(
        "tachowatt",
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    settings.load_profile("tachowatt")


def missing_server(what: str) -> None:
    """A server that is absent: a skip on a developer's machine, a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and in CI a missing server is a failure")
    pytest.skip(f"{what} is missing")
