"""What is generated from the dialects: the tables in docs/devices.md.

They are committed; `tachowatt schemas` writes them and `make check` compares them.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from contracts.dialects import DEVICE_KIND, Dialect
from ingest.decoding.catalogue import DIALECTS

ROOT = Path(__file__).parents[2]
BEGIN = "<!-- The dialects: written by `tachowatt schemas`. -->"
END = "<!-- End of the dialects. -->"


def table(dialects: Iterable[Dialect[Any]]) -> str:
    """Return the dialects as a Markdown table."""
    rows = [
        "| dialect | name in the registry | topics | address | sends | user | hears |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for dialect in dialects:
        topics = "<br>".join(f"`{topic}`" for topic in dialect.topics)
        sends = ", ".join(
            f"{route.kind} of a {DEVICE_KIND[route.kind]}"
            if route.kind in DEVICE_KIND
            else route.kind
            for route in dialect.routes
        )
        heard = "<br>".join(f"`{e.split(' ')[1]}`" for e in dialect.acl if e.startswith("read "))
        cells = (
            *(dialect.title, f"`{dialect.name}`", topics, f"`{dialect.address}`", sends),
            *(f"`{dialect.user(dialect.address)}`", heard or "nothing"),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _in_devices(text: str) -> str:
    """Return docs/devices.md with the current table. Raises `ValueError` without its markers."""
    before, begin, rest = text.partition(BEGIN + "\n")
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"docs/devices.md has lost its lines {BEGIN!r} and {END!r}")
    return f"{before}{begin}{table(DIALECTS)}{end}{after}"


_FILES: dict[str, Callable[[str], str]] = {
    "docs/devices.md": _in_devices,
}


def differing(root: Path = ROOT) -> list[str]:
    """Return files below `root` that differ from the dialects (none in an installed package)."""
    return [
        name
        for name, made_of in _FILES.items()
        if (root / name).is_file()
        and (text := (root / name).read_text(encoding="utf-8")) != made_of(text)
    ]


def write(root: Path = ROOT) -> list[str]:
    """Write the files that differ; return their names."""
    changed = differing(root)
    for name in changed:
        path = root / name
        path.write_text(_FILES[name](path.read_text(encoding="utf-8")), encoding="utf-8")
    return changed
