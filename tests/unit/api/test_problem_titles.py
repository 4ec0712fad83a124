"""Every problem type has its title, and every title its type."""

import ast
from pathlib import Path

import api
from api.http.problem_titles import TITLES

CALLS = {"Problem": 1, "bad_request": 0, "_refuse": 1}
"""Function → the argument that is the code."""


def codes() -> set[str]:
    """The codes that any file of the API gives."""
    found = set()
    for path in Path(api.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in CALLS and len(node.args) > CALLS[name]:
                code = node.args[CALLS[name]]
                if isinstance(code, ast.Constant):
                    found.add(code.value)
    return found


def test_codes_and_titles_are_the_same_list() -> None:
    assert codes() == set(TITLES)
