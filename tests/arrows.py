"""How the rooms of each package depend on each other: `python -m tests.arrows`, `make arrows`.

A room is a folder or file directly inside a package; an arrow says that one room imports another.
"""

from collections import defaultdict

import grimp

PACKAGES = (
    "runtime", "contracts", "feature_kernels", "customer_context", "store",
    "gateway", "ingest", "contacts", "api", "simulators", "app", "proving",
)  # fmt: skip


def rooms(package: str, graph: grimp.ImportGraph) -> dict[str, set[str]]:
    """Each room of `package` with the rooms that it imports."""
    found: dict[str, set[str]] = defaultdict(set)
    prefix = f"{package}."
    for importer in graph.modules:
        if not importer.startswith(prefix):
            continue
        room = importer.removeprefix(prefix).split(".")[0]
        for imported in graph.find_modules_directly_imported_by(importer):
            if imported.startswith(prefix):
                other = imported.removeprefix(prefix).split(".")[0]
                if other != room:
                    found[room].add(other)
    return dict(found)


def circles(arrows: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Pairs of rooms that import each other, directly or by way of others."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        left = list(arrows.get(start, ()))
        while left:
            room = left.pop()
            if room not in seen:
                seen.add(room)
                left += arrows.get(room, ())
        return seen

    every = {room: reached(room) for room in arrows}
    return sorted((a, b) for a in every for b in every[a] if a < b and a in every.get(b, set()))


def main() -> None:
    """Print the number of arrows inside each package, then the arrows."""
    for package in PACKAGES:
        arrows = rooms(package, grimp.build_graph(package))
        circle = circles(arrows)
        print(
            f"{package}: {sum(map(len, arrows.values()))} arrows, "
            f"{f'circles: {circle}' if circle else 'no circle'}"
        )
        for room in sorted(arrows):
            print(f"  {room} -> {', '.join(sorted(arrows[room]))}")


if __name__ == "__main__":
    main()
