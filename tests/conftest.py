"""Fixtures are plugins, one file each; what a test needs starts itself (tests/README.md)."""

import os

import pytest

pytest_plugins = [
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
]


def pytest_configure(config: pytest.Config) -> None:
    # Hypothesis: the same examples on every run and machine, no clock in the verdict.
    from hypothesis import HealthCheck, settings

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
