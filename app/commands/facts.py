"""List the facts that actions, conditions and decisions speak of: type, unit, purpose, age limit.

Example:

  tachowatt facts --json
"""

from app.commands.shared.console import print_json, print_table
from app.commands.shared.options import Json


def facts(json: Json = False) -> None:
    from customer_context.facts.catalogue import as_rows

    rows = as_rows()
    if json:
        print_json(rows)
        return
    print_table(
        "Facts",
        ["name", "type", "unit", "purpose", "age limit", "source", "is"],
        [
            [
                row["name"], row["type"], row["unit"], row["purpose"] or "contract",
                _days(row["max_age_s"]), row["source"], row["title"]["en"],  # type: ignore[index]
            ]
            for row in rows
        ],
    )  # fmt: skip


def _days(seconds: object) -> str | None:
    if not isinstance(seconds, int):
        return None
    return f"{seconds // 86_400} d" if seconds >= 86_400 else f"{seconds // 3_600} h"
