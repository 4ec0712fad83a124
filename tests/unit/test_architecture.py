"""The architecture is executable, and the check bites."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("runtime/bad.py", "import store", "Arrows point down only"),
        ("gateway/bad.py", "import ingest", "Arrows point down only"),
        ("store/bad.py", "import customer_context", "Arrows point down only"),
        ("feature_kernels/bad.py", "import pydantic", "feature_kernels imports"),
        ("customer_context/bad.py", "import psycopg", "customer_context is pure"),
        ("simulators/bad.py", "import numba", "gateway and simulators"),
        ("ingest/bad.py", "import psycopg", "Only store speaks SQL"),
    ],
)
def test_broken(tmp_path: Path, file: str, line: str, contract: str) -> None:
    """A tree of empty packages with one forbidden import fails the contract that forbids it."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for package in LAYERS["root_packages"]:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    assert lint(tmp_path).returncode == 0
    (tmp_path / file).write_text(line + "\n")
    result = lint(tmp_path)
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
