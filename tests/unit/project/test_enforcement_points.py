"""Every module that asks about consent is in the list of points, and every point has its tests."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from contracts.enforcement_points import POINTS, Point, as_markdown

ROOT = Path(__file__).parents[3]
PACKAGES = (
    "ingest", "customer_context", "services", "store", "contacts", "api", "app", "gateway",
)  # fmt: skip
ASKS = {
    "store.people.consent": {
        "granted", "readable", "in_force", "granted_to", "granted_of", "DECIDED",
        "limited_to_channels", "decisions_count",
    },
    "services.visibility": {"shown", "one", "as_seen"},
    "services.consent": {"refused_channels"},
    "customer_context.consent.state": {
        "is_granted", "decision_in_force", "in_force", "channels_refused",
    },
    "customer_context.playbooks.plan": {"refusal"},
    "customer_context.facts.known": {"known", "exists"},
    "store.postgres.consent_order": {"TO_READ", "TO_STORE"},
}  # fmt: skip
"""Module → its names that answer whether something may be done."""
ANSWERS = {"covers"}
"""Methods that do, of whatever object."""
_NAMES = {name for names in ASKS.values() for name in names}
_WORDS = re.compile(rf"\b({'|'.join(sorted({*_NAMES, *ANSWERS}))})\b")
"""What a text that asks has in it: only such a text is parsed."""


def asks(text: str) -> set[str]:
    """Return what of `ASKS` and `ANSWERS` a module's text uses."""
    if _WORDS.search(text) is None:
        return set()
    nodes = [*ast.walk(ast.parse(text))]
    modules: dict[str, str] = {}
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in ASKS:
                    modules[alias.asname or alias.name] = whole
                elif alias.name in ASKS.get(node.module, ()):
                    found.add(whole)
    for node in nodes:
        if isinstance(node, ast.Attribute):
            if node.attr in ANSWERS:
                found.add(node.attr)
            elif node.attr in _NAMES:
                of = modules.get(ast.unparse(node.value))
                if of is not None and node.attr in ASKS[of]:
                    found.add(f"{of}.{node.attr}")
        elif isinstance(node, ast.FunctionDef) and node.name == "refusal":
            found.add("refusal")
    return found


@cache
def asking() -> frozenset[str]:
    """Return the files that ask. Not at import: each worker imports this file."""
    return frozenset(
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "testing" not in path.parts and asks(path.read_text())
    )


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


DEFINES = {f"{module.replace('.', '/')}.py" for module in ASKS}


def test_asking_is_recognised() -> None:
    assert asks("from store.people.consent import DECIDED")
    assert asks("from store.people import consent as c\nc.granted_of(1)")
    assert asks("from services import visibility\nvisibility.shown(1)")
    assert asks("state.covers(a, b, c)")
    assert not asks("from store.people import consent\nconsent.decide(1)")
    assert not asks("from services import other\nother.shown(1)")


def test_a_module_that_asks_is_in_a_point() -> None:
    assert len(asking()) > 20
    unnamed = asking() - {module for point in POINTS for module in point.modules}
    assert not unnamed, (
        f"{sorted(unnamed)} ask about consent: name them, and the tests that prove it, in "
        "contracts/enforcement_points.py"
    )


# One worker: the files are parsed once.
@pytest.mark.xdist_group("enforcement-points")
@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_a_point_asks_and_is_proven(point: Point) -> None:
    for module in point.modules:
        assert module in asking() or module in DEFINES, f"{module} asks nothing"
    assert point.tests
    for test in point.tests:
        file, _, name = test.partition("::")
        assert name in functions(file), f"there is no test {test}"


def test_the_page_says_the_list() -> None:
    page = ROOT / "docs" / "consent-points.md"
    assert page.read_text() == as_markdown(), "run `tachowatt consent points --markdown`"
