"""The files of a folder that may be recordings."""

from pathlib import Path

from runtime.errors import Usage

_SUFFIXES = (".csv", ".csv.gz", ".parquet")


def files_of(folder: Path) -> list[Path]:
    """Return them by name. Raises `Usage` for what is no folder, and for one without any."""
    if not folder.is_dir():
        raise Usage(f"{folder}: is no folder")
    found = sorted(path for path in folder.iterdir() if path.name.lower().endswith(_SUFFIXES))
    if not found:
        raise Usage(f"{folder}: has no files {', '.join(_SUFFIXES)}")
    return found
