"""Score several recordings of trips, each by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.analysis import trip as scoring
from app.analysis.axes import Axes
from app.recordings.folder import files_of
from app.recordings.read import read_trip_table
from runtime.errors import Usage

TABLE_COLUMNS = ("file", "start", "min", "km", "score", "trusted", "events", "crashes")


@dataclass(frozen=True, slots=True)
class ScoredFiles:
    """Answers of recordings in the order of their files, and files that do not fit.

    recordings : the answer of `score-trip` for each file, with the key `file` before it
    refused : `file` and `reason`
    """

    recordings: list[dict[str, Any]]
    refused: list[dict[str, str]]

    def table(self) -> list[list[Any]]:
        """Return a row of `TABLE_COLUMNS` for each trip, and one for a file without a trip."""
        rows = []
        for answer in self.recordings:
            crashes = [event for event in answer["events"] if event["kind"] == "crash"]
            for number, trip in enumerate(answer["trips"]):
                distance_m, score = trip["distance_m"], trip["score"]
                rows.append([
                    answer["file"],
                    trip.get("start") or f"{trip['start_s']:.0f} s",
                    f"{trip['duration_s'] / 60:.1f}",
                    "" if distance_m is None else f"{distance_m / 1000:.2f}",
                    "" if score is None else f"{score:.1f}",
                    "yes" if trip["trusted"] else "no",
                    len(trip["events"]),
                    sum(event.get("trip") == number for event in crashes),
                ])  # fmt: skip
            outside = sum(event.get("trip") is None for event in crashes)
            if not answer["trips"] or outside:
                rows.append([answer["file"], "no trip", *[""] * 5, outside])
        return rows


def recordings_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and of each folder those that may be recordings, by name.

    Raises `Usage` for a folder without any.
    """
    files: list[Path] = []
    for path in paths:
        files += files_of(path) if path.is_dir() else [path]
    return files


def score_files(
    files: Sequence[Path],
    tz: str | None,
    mapping: Sequence[str],
    axes: Axes,
    step: Callable[[float, str], None],
) -> ScoredFiles:
    """Score each file; raise `Usage` if none of them fits."""
    scored = ScoredFiles([], [])
    for done, file in enumerate(files):
        step(done / len(files), f"{done + 1} of {len(files)}: {file.name}")
        try:
            answer = scoring.analyse(read_trip_table(file, tz, mapping), axes=axes).answer
        except Usage as error:
            scored.refused.append({"file": str(file), "reason": str(error)})
            continue
        scored.recordings.append({"file": str(file), **answer})
    if not scored.recordings:
        reasons = "\n".join(each["reason"] for each in scored.refused)
        raise Usage(f"none of {len(files)} recordings could be read\n{reasons}")
    return scored
