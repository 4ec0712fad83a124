"""Packages of npm for a test, installed once beside the virtual environment."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import missing_server
from tests.patience import patient


def installed(name: str, packages: list[str]) -> Path:
    """Return the folder `name` with these packages; skip the test where there is no npm."""
    folder = Path(sys.prefix) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "installed"
        if not done.exists() or done.read_text() != "\n".join(packages):
            npm = shutil.which("npm")
            if npm is None or shutil.which("node") is None:
                missing_server("npm and node")
                raise AssertionError("not reached")
            (folder / "package.json").write_text('{"private": true, "type": "module"}')
            made = subprocess.run(
                [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts",
                 "--save-exact", *packages],
                cwd=folder, capture_output=True, text=True, timeout=patient(150), check=False,
            )  # fmt: skip
            if made.returncode:
                missing_server(f"{name} from npm ({made.stderr.strip()[:200]})")
            done.write_text("\n".join(packages))
    return folder
