"""Unit tests open no socket; they have no fixtures with servers either (tests/conftest.py)."""

from tests.no_sockets import no_sockets  # noqa: F401
