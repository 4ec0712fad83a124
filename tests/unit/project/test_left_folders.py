"""Folders of test runs that were killed are removed; those of running ones stay."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fix_postgres import open_folder, remove_left_folders


def test_only_folders_of_dead_processes_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f"tachowatt-test-{ended.pid}-abc"
    (left / "postgres").mkdir(parents=True)
    own = open_folder(tmp_path)
    others = [tmp_path / "tachowatt-test-old", tmp_path / "tachowatt-test-1-abc", tmp_path / "more"]
    for folder in others:
        folder.mkdir()
    remove_left_folders(tmp_path)
    assert not left.exists()
    assert own.name.startswith(f"tachowatt-test-{os.getpid()}-")
    assert set(tmp_path.iterdir()) == {own, *others}
