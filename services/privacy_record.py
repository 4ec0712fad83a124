"""The record of processing activities (GDPR Art. 30), from the registry of personal data."""

from collections.abc import Mapping
from typing import Any

from store.privacy.personal_data import CATEGORIES, ENTRIES, Entry
from store.privacy.retention import days_of


def record(days: Mapping[str, int], samples_days: int) -> list[dict[str, Any]]:
    """Return each processing of personal data: place, purpose, data, retention, erasure.

    days : of categories that the settings change; samples_days : TACHOWATT_RETENTION_DAYS.
    """
    return [_of(entry, days, samples_days) for entry in ENTRIES if entry.data]


def _of(entry: Entry, days: Mapping[str, int], samples_days: int) -> dict[str, Any]:
    category = entry.retention.category
    kept = samples_days if category == "samples" else days_of(days, category)
    return {
        "place": entry.place,
        "kind": entry.kind,
        "purpose": entry.purpose,
        "data": entry.data,
        "subjects": "customers" if entry.whose.condition else "customers, by device or reference",
        "category": category,
        "retention_days": kept or None,
        "retention_why": CATEGORIES[category].why,
        "enforced_by": CATEGORIES[category].by,
        "exported": entry.export,
        "erasure": str(entry.end),
        "erasure_why": entry.why,
        "kept_after_erasure_days": entry.kept_days or None,
    }


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the record as a document with one table."""
    lines = [
        "# Record of processing activities",
        "",
        "| where | purpose | personal data | retention | export | erasure |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        period = f"{row['retention_days']} days" if row["retention_days"] else "no end by time"
        erasure = row["erasure"]
        if row["kept_after_erasure_days"]:
            erasure += f" for {row['kept_after_erasure_days']} days"
        if row["erasure_why"]:
            erasure += f": {row['erasure_why']}"
        lines.append(
            f"| `{row['place']}` | {row['purpose']} | {row['data']} | "
            f"{period} ({row['retention_why']}) | {'yes' if row['exported'] else 'no'} | "
            f"{erasure} |"
        )
    return "\n".join([*lines, ""])
