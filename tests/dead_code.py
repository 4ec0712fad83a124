"""`make dead-code`: what neither the product nor the tests use, found by vulture.

Vulture reads Python only and cannot know what a schema is made of. Four kinds of names are
therefore used as well: those in templates, those of entry points, the functions of command files
(app/cli.py finds them by the name of the file), and names in the body of a class (fields, members
of an enum).
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from vulture.config import make_config
from vulture.core import Item, Vulture

ROOT = Path(__file__).parents[1]


def unused(root: Path) -> list[Item]:
    """Unused code of the packages in `root`, with the settings of [tool.vulture]."""
    with (ROOT / "pyproject.toml").open("rb") as settings:
        config = make_config([str(root)], settings)
    vulture = Vulture(
        ignore_names=config["ignore_names"], ignore_decorators=config["ignore_decorators"]
    )
    packages = [path.parent for path in root.glob("*/__init__.py")]
    vulture.scavenge([str(package) for package in packages])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for entries in [project["scripts"], *project.get("entry-points", {}).values()]:
        vulture.used_names.update(entry.rsplit(":")[-1] for entry in entries.values())
    for package in packages:
        vulture.used_names.update(file.stem for file in package.glob("commands/**/*.py"))
        for template in package.rglob("templates/**/*.html"):
            vulture.used_names.update(re.findall(r"\w+", template.read_text()))
    fields = {(item.filename, item.first_lineno) for item in vulture.unused_vars}
    fields &= {place for path, _ in fields for place in _of_classes(Path(path))}
    return [
        item
        for item in vulture.get_unused_code(config["min_confidence"])
        if item.typ != "variable" or (item.filename, item.first_lineno) not in fields
    ]


def _of_classes(path: Path) -> Iterator[tuple[Path, int]]:
    """Where the body of a class gives a value or a type to a name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign | ast.Assign):
                    yield path, line.lineno


def main() -> None:
    found = unused(ROOT)
    for item in found:
        print(item.get_report())
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
