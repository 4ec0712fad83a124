"""Clients that generators make from the OpenAPI document, and a linter that nobody here wrote.

The generators come from npm and PyPI, once, into caches beside the virtual environment; where CI is
set a missing one is a failure.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import missing_server
from tests.fix_api import Api
from tests.npm import installed
from tests.patience import patient

CLIENTS = Path(__file__).parents[1] / "clients"
PACKAGES = [
    "@redocly/cli@2.77.0", "openapi-fetch@0.17.0", "openapi-typescript@7.13.0",
    "@types/node@20.19.25", "typescript@5.9.3",
]  # fmt: skip
PYTHON_GENERATOR = "openapi-python-client==0.29.1"

pytestmark = pytest.mark.xdist_group("generated clients")


@pytest.fixture(scope="module")
def document(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document as a client gets it."""
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    path.write_text(api.client.get("/openapi.json").text)
    return path


def run(command: Sequence[str | Path], folder: Path, **more: str) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env={**os.environ, **more},
        capture_output=True, text=True, timeout=patient(120), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def environment(api: Api) -> dict[str, str]:
    keys = {
        role.upper(): api.seeded.bearer(role)["Authorization"].removeprefix("Bearer ")
        for role in ("insurer", "utility", "agent")
    }
    own = api.seeded.own["own"]
    return {"API": api.url, "ALERT": own.alert, "CASE": own.alert_case, **keys}


def test_the_document_is_clean_to_redocly(document: Path) -> None:
    folder = installed("npm-clients", PACKAGES)
    found = run(
        [folder / "node_modules/.bin/redocly", "lint", "--extends", "recommended", document],
        folder,
        REDOCLY_TELEMETRY="off",
    )
    assert "Your API description is valid" in found and "warning." not in found
    assert "warnings." not in found, found


def test_the_generated_typescript_compiles_and_works(
    api: Api, document: Path, tmp_path: Path
) -> None:
    folder = installed("npm-clients", PACKAGES)
    tools = folder / "node_modules/.bin"
    (tmp_path / "node_modules").symlink_to(folder / "node_modules")
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    run([tools / "openapi-typescript", document, "-o", tmp_path / "api.d.ts"], tmp_path)
    shutil.copy(CLIENTS / "api_client.mts", tmp_path)
    run(
        [tools / "tsc", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node",
         "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--skipLibCheck",
         "api_client.mts"],
        tmp_path,
    )  # fmt: skip
    assert run(["node", "api_client.mjs"], tmp_path, **environment(api)).endswith("ok\n")


def test_the_generated_python_works(api: Api, document: Path, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        missing_server("uv")
    # The generator knows neither a body of lines nor a zip: a client sends, or gets, the bytes.
    config = tmp_path / "config.yaml"
    config.write_text(
        "content_type_overrides: {application/x-ndjson: application/octet-stream, "
        "application/zip: application/octet-stream}\n"
    )
    found = run(
        [uv, "tool", "run", "--from", PYTHON_GENERATOR, "openapi-python-client", "generate",
         "--config", config,
         "--path", document, "--output-path", tmp_path / "generated", "--meta", "none"],
        tmp_path,
    )  # fmt: skip
    assert "WARNING" not in found.upper(), found
    shutil.copy(CLIENTS / "api_client.py", tmp_path)
    run([sys.executable, "api_client.py"], tmp_path, **environment(api))
