"""Every path of this repository that a document, a comment or a message names exists.

Read are documents, templates and configuration as a whole, and of Python: comments, docstrings and,
outside of the tests, all strings. Not read are docs/field/, which names files of other projects,
and migrations: once applied they never change, their comments neither.
"""

import ast
import os
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXTS = {".md", ".html", ".yaml", ".yml", ".toml", ".css", ".js", ".mjs", ".c", ".sh", ".conf", ""}
MADE_BY_USERS = {"deploy/.env"}

_PATH = re.compile(r"(?<![\w/.@:<$*-])((?:[\w-]+/)+[\w.*-]*[\w*])")
_BARE = re.compile(r"(?<![\w/.@:<{$*-])([\w-]+\.(?:py|md)|\d{4}_\w+\.sql)(?![\w/])")
_OF_OURS = re.compile(r".*\.(?:py|md|sql|html|mjs)")


@cache
def _files() -> frozenset[str]:
    """All files, relative to the root, without what is hidden or generated."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder)
        folders[:] = [
            name
            for name in folders
            if (not name.startswith(".") or name == ".ci")
            and name not in {"__pycache__", "build", "node_modules"}
            and not name.endswith(".egg-info")
        ]
        found += [(here / name).relative_to(ROOT).as_posix() for name in names]
    return frozenset(found)


def _texts() -> Iterator[tuple[str, str]]:
    """Where and what is to be read."""
    for file in sorted(_files()):
        path = ROOT / file
        if file.startswith("docs/field/"):
            continue
        if path.suffix == ".py":
            # The tokenizer is slow; most files name nothing that is missing, even with their code.
            if missing(file, path.read_text(encoding="utf-8")):
                yield file, "\n".join(_prose(path, strings=not file.startswith("tests/")))
        elif path.suffix in TEXTS and path.name != "LICENSE":
            yield file, path.read_text(encoding="utf-8")


def _prose(path: Path, *, strings: bool) -> Iterator[str]:
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT or (strings and token.type == tokenize.STRING):
                yield token.string
    for node in [] if strings else ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def missing(where: str, text: str) -> set[str]:
    """Paths in `text`, which stands in the file `where`, that do not exist.

    A path begins at the root or in a folder above `where`; it may have `*`, and a decision may be
    named by its number (docs/adr/0001). A bare name is that of any file.
    """
    packages = {file.split("/")[0] for file in _files() if "/" in file}
    names = {file.rsplit("/")[-1] for file in _files()}
    found = {name for name in _BARE.findall(text) if name not in names}
    for path in set(_PATH.findall(text)) - MADE_BY_USERS:
        if (path.split("/")[0] in packages or _OF_OURS.fullmatch(path)) and not any(
            _exists(folder, path) for folder in Path(where).parents
        ):
            found.add(path)
    return found


def _exists(folder: Path, path: str) -> bool:
    numbered = re.fullmatch(r"docs/adr/\d{4}", path)
    return any((ROOT / folder).glob(path + "-*" if numbered else path))


def test_every_path_that_is_named_exists() -> None:
    broken = [f"{where}: {path}" for where, text in _texts() for path in missing(where, text)]
    assert broken == []


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("the law of `runtime/clock.py`, tests/oracles and docs/adr/0001", set()),
        ("docs/images/*.png, runtime/*.py, parameters.py", set()),
        ("kept in `runtime/o_clock.py`.", {"runtime/o_clock.py"}),
        ("see docs/adr/9999 and field/driving.md", {"docs/adr/9999", "field/driving.md"}),
        ("(runtime/o_clock*)", {"runtime/o_clock*"}),
        ("thresholds in `o_parameters.py`", {"o_parameters.py"}),
        ("https://example.org/runtime/o_clock.py, $HOME/runtime/o", set()),
    ],
)
def test_it_finds_what_does_not_exist(text: str, broken: set[str]) -> None:
    assert missing("feature_kernels/kernel.py", text) == broken


def test_a_path_may_begin_beside_the_file_that_names_it() -> None:
    assert missing("docs/adr/README.md", "see examples/drive.csv, adr/README.md") == set()
    assert missing("runtime/clock.py", "see adr/README.md") == {"adr/README.md"}


def test_comments_docstrings_and_messages_are_read(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text('"""A docstring."""\n# a comment\nraise ValueError("a message")\n')
    assert list(_prose(file, strings=True)) == ['"""A docstring."""', "# a comment", '"a message"']
    assert list(_prose(file, strings=False)) == ["# a comment", "A docstring."]
