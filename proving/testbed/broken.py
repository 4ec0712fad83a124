"""Break a rule of ours for a while: a proof must find it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock


@contextmanager
def broken_rule(rules: Mapping[str, tuple[Any, str, Any]], name: str | None) -> Iterator[None]:
    """Replace what `rules` has for `name` (object, attribute, broken value); None = nothing."""
    if name is None:
        yield
        return
    with mock.patch.object(*rules[name]):
        yield
