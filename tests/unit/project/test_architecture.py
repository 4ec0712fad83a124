"""The architecture is executable, and the check bites."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

from tests.arrows import circles, rooms

ROOT = Path(__file__).parents[3]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LAYERS = PYPROJECT["tool"]["importlinter"]
NOT_PACKAGES = {"tests", "docs", "deploy", "build"}


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_top_level_package_is_in_the_contracts() -> None:
    packages = {
        path.parent.name
        for path in ROOT.glob("*/__init__.py")
        if path.parent.name not in NOT_PACKAGES
    }
    assert packages == set(LAYERS["root_packages"])
    layers = LAYERS["contracts"][0]["layers"]
    assert {name.strip() for layer in layers for name in layer.split("|")} == packages


def test_kept() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


def test_empty_packages_keep_every_contract(tmp_path: Path) -> None:
    empty_tree(tmp_path)
    assert lint(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("runtime/bad.py", "import store", "Arrows point down only"),
        ("gateway/bad.py", "import ingest", "Arrows point down only"),
        ("store/bad.py", "import customer_context", "Arrows point down only"),
        ("feature_kernels/bad.py", "import pydantic", "feature_kernels imports"),
        ("customer_context/bad.py", "import psycopg", "customer_context is pure"),
        ("customer_context/bad.py", "import numba", "customer_context has no kernels"),
        ("simulators/bad.py", "import numba", "gateway and simulators"),
        ("ingest/bad.py", "import psycopg", "Only store speaks SQL"),
        ("api/pages/bad.py", "import store.casework.cases", "Cases, contacts and alerts"),
        ("app/commands/bad.py", "import store.casework.alerts", "Cases, contacts and alerts"),
    ],
)
def test_broken(tmp_path: Path, file: str, line: str, contract: str) -> None:
    """A tree of empty packages with one forbidden import fails the contract that forbids it."""
    empty_tree(tmp_path)
    (tmp_path / file).write_text(line + "\n")
    assert_broken(lint(tmp_path), contract)


INSIDE = [contract for contract in LAYERS["contracts"] if "containers" in contract]


def test_large_packages_have_a_contract() -> None:
    have = {container for contract in INSIDE for container in contract["containers"]}
    assert {"app", "ingest", "store", "api", "proving", "customer_context"} <= have


@pytest.mark.parametrize("contract", INSIDE, ids=lambda contract: contract["containers"][0])
def test_every_room_stands_in_its_contract(contract: dict[str, Any]) -> None:
    (package,) = contract["containers"]
    there = {
        path.stem
        for path in (ROOT / package).iterdir()
        if path.stem != "__init__" and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert there == {name for layer in contract["layers"] for name in names_of(layer)}


@pytest.mark.parametrize("contract", INSIDE, ids=lambda contract: contract["containers"][0])
def test_an_arrow_up_inside_a_package_is_broken(tmp_path: Path, contract: dict[str, Any]) -> None:
    (package,) = contract["containers"]
    empty_tree(tmp_path)
    upper, lower = (names_of(contract["layers"][index])[0] for index in (0, -1))
    (tmp_path / package / lower / "__init__.py").write_text(f"import {package}.{upper}\n")
    assert_broken(lint(tmp_path), contract["name"])


def test_no_circle_between_rooms() -> None:
    for package in LAYERS["root_packages"]:
        assert circles(rooms(package, grimp.build_graph(package))) == [], package


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_every_package_says_what_it_is() -> None:
    assert undocumented(ROOT, LAYERS["root_packages"]) == []


def test_a_package_that_does_not_say_it_is_found(tmp_path: Path) -> None:
    for folder, text in (("a", '"""A."""\n'), ("a/b", "import ast\n"), ("a/c", "")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text(text)
    assert undocumented(tmp_path, ["a"]) == ["a/b", "a/c"]


def undocumented(root: Path, packages: list[str]) -> list[str]:
    """Packages, and those inside of them, whose `__init__.py` has no docstring."""
    return sorted(
        path.parent.relative_to(root).as_posix()
        for package in packages
        for path in (root / package).rglob("__init__.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    )


def names_of(layer: str) -> list[str]:
    return [name.strip() for name in layer.split("|")]


def empty_tree(directory: Path) -> None:
    """All packages and their rooms, without content, beside our pyproject.toml."""
    (directory / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    folders = [directory / package for package in LAYERS["root_packages"]]
    for contract in INSIDE:
        for package in contract["containers"]:
            for layer in contract["layers"]:
                folders += [directory / package / name for name in names_of(layer)]
    for contract in LAYERS["contracts"]:
        named = [*contract.get("source_modules", ()), *contract.get("forbidden_modules", ())]
        folders += [directory.joinpath(*name.split(".")) for name in named if "." in name]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text("")


def assert_broken(result: subprocess.CompletedProcess[str], contract: str) -> None:
    assert result.returncode == 1
    broken = [text for text in result.stdout.splitlines() if text.endswith("BROKEN")]
    assert any(text.startswith(contract) for text in broken), result.stdout


def test_time_is_injected_and_the_rule_bites(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import time\n\nprint(time.time())\n")
    command = [str(Path(sys.executable).parent / "ruff"), "check", "--no-cache", "--config"]
    bad = subprocess.run(
        [*command, str(ROOT / "pyproject.toml"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TID251" in bad.stdout
