"""Read the cells of a CSV or Parquet file, without interpreting them.

A `RawTable` has the wanted columns as Arrow arrays in file order, and the position of each row, so
that an error can name the line. Arrow reads CSV as text; files that it rejects (rows of unequal
length, for example) are read by Python's slower reader, which can name the error.
"""

import csv
import difflib
import gzip
import io
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from app.recordings.arrow_without_pandas import without_pandas
from runtime.errors import Usage

DELIMITERS = (",", ";", "\t")


class TableError(Usage):
    """A file is invalid. The message names file, column, line, value and what was expected."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """Columns of text or of typed Arrow values, by name after `--map`."""

    path: Path
    cells: dict[str, pa.Array]
    ignored: tuple[str, ...]
    decimal_comma: bool  # the delimiter allows decimal commas
    place: Callable[[int], str]  # row (from 0) -> "line 17" or "row 17"
    notes: tuple[str, ...] = ()

    def error(self, column: str, row: int, value: object, expected: str) -> TableError:
        """Make the error for one invalid cell."""
        shown = "an empty cell" if value is None or value == "" else repr(value)
        return TableError(
            f"{self.path}: column {column}, {self.place(row)}: found {shown}, expected {expected}"
        )


def parse_mapping(pairs: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Read `--map`: "t_s=ENGINE_RUN_TIME,speed_kmh=VEHICLE_SPEED ()" -> foreign name: our name.

    A comma separates pairs only if an "=" follows, so a foreign name may contain a comma.
    """
    mapping: dict[str, str] = {}
    for text in pairs:
        parts: list[str] = []
        for piece in text.split(","):
            if parts and "=" not in piece:
                parts[-1] += "," + piece
            else:
                parts.append(piece)
        for part in parts:
            ours, equals, foreign = (word.strip() for word in part.partition("="))
            if not equals or not foreign:
                raise TableError(f'--map: found {part.strip()!r}, expected "our_name=name in file"')
            if ours not in known:
                raise TableError(f"--map: {ours!r} is no known column{did_you_mean(ours, known)}")
            if foreign in mapping or ours in mapping.values():
                raise TableError(f"--map: {part.strip()!r} names a column a second time")
            mapping[foreign] = ours
    return mapping


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return "; did you mean …?" for the nearest known name, or nothing."""
    near = difflib.get_close_matches(name.lower().strip(), list(known), 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""


def read_raw(path: Path, wanted: Collection[str], mapping: dict[str, str]) -> RawTable:
    """Read the wanted columns of a CSV (plain or gzip) or Parquet file.

    Raises TableError if the file cannot be read as a table.
    """
    without_pandas()
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    if magic == b"PAR1":
        return _read_parquet(path, wanted, mapping)
    return _read_csv(path, wanted, mapping)


def _read_parquet(path: Path, wanted: Collection[str], mapping: dict[str, str]) -> RawTable:
    try:
        file = pa.parquet.ParquetFile(path)
        foreign = file.schema_arrow.names
        names = _rename(path, foreign, mapping, wanted)
        keep = {ours: theirs for theirs, ours in zip(foreign, names, strict=True) if ours in wanted}
        table = file.read(columns=list(keep.values()))
    except pa.ArrowException as error:
        raise TableError(f"{path}: cannot be read as Parquet ({error})") from error
    cells = {ours: table.column(theirs).combine_chunks() for ours, theirs in keep.items()}
    return RawTable(
        path, cells, tuple(n for n in names if n not in keep), False, lambda row: f"row {row + 1}"
    )


def _read_csv(path: Path, wanted: Collection[str], mapping: dict[str, str]) -> RawTable:
    with _open_text(path) as text:
        header, lines = _header_line(path, text)
        delimiter = _sniff(header, set(wanted) | set(mapping))
        foreign = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True))
        first = next((row for row in csv.reader(text, delimiter=delimiter) if any(row)), [])
    while foreign and not foreign[-1].strip():
        foreign.pop()  # trailing commas of the header
    names = _rename(path, [name.strip() for name in foreign], mapping, wanted)
    keep = [name for name in names if name in wanted]
    ignored = tuple(name for name in names if name and name not in wanted)
    width = max(len(first), len(names))
    every = [*names, *("" for _ in range(width - len(names)))]
    labels = [f"{i}:{name}" for i, name in enumerate(every)]
    want = [label for label in labels if label.split(":", 1)[1] in wanted]
    notes: tuple[str, ...] = ()
    try:
        if any(cell.strip() for cell in first[len(names) :]):
            raise pa.ArrowInvalid("more cells than names")
        table = _arrow_csv(path, lines, delimiter, labels, want)
        cells = {label.split(":", 1)[1]: table.column(label).combine_chunks() for label in want}
    except (pa.ArrowException, OSError):
        cells, notes = _python_csv(path, lines, delimiter, names, keep)
    return RawTable(
        path, cells, ignored, delimiter != ",", partial(_line_of, path, lines, delimiter), notes
    )


def _arrow_csv(
    path: Path, skip: int, delimiter: str, labels: list[str], want: list[str]
) -> pa.Table:
    with pa.input_stream(str(path), compression="gzip" if _is_gzip(path) else None) as stream:
        return pa.csv.read_csv(
            stream,
            read_options=pa.csv.ReadOptions(
                skip_rows=skip, column_names=labels, block_size=1 << 24
            ),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=True),
            convert_options=pa.csv.ConvertOptions(
                include_columns=want,
                column_types=dict.fromkeys(want, pa.string()),
                strings_can_be_null=False,
            ),
        )


def _python_csv(
    path: Path, skip: int, delimiter: str, names: list[str], keep: list[str]
) -> tuple[dict[str, pa.Array], tuple[str, ...]]:
    """Read row by row. Skip a last row that is too short: it was truncated during writing."""
    wanted = [(names.index(name), name) for name in keep]
    columns: dict[str, list[str]] = {name: [] for name in keep}
    width = len(names)
    short: TableError | None = None
    for line, row in _rows(path, skip, delimiter):
        if short is not None:
            raise short
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            short = TableError(
                f"{path}: line {line}: found {len(row)} cells, expected {width}, one for each "
                f"column of the header"
            )
            if len(row) > width:
                raise short
            notes = (f"line {line} is cut off after {len(row)} of {width} cells: left out",)
            continue
        for at, name in wanted:
            columns[name].append(row[at])
    cells = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return cells, notes if short is not None else ()


def _rows(path: Path, skip: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1, cells) of each row that is not a blank line."""
    with _open_text(path) as text:
        for _ in range(skip):
            text.readline()
        reader = csv.reader(text, delimiter=delimiter)
        line = skip + 1
        try:
            for row in reader:
                if len(row) > 1 or (row and row[0].strip()):
                    yield line, row
                line = skip + reader.line_num + 1
        except (csv.Error, OSError, EOFError, zlib.error) as error:
            raise TableError(f"{path}: line {line}: cannot be read as CSV ({error})") from error


def _line_of(path: Path, skip: int, delimiter: str, row: int) -> str:
    for at, (line, _) in enumerate(_rows(path, skip, delimiter)):
        if at == row:
            return f"line {line}"
    return f"row {row + 1}"


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _open_text(path: Path) -> IO[str]:
    raw: Any = gzip.GzipFile(path) if _is_gzip(path) else path.open("rb")
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")


def _header_line(path: Path, text: IO[str]) -> tuple[str, int]:
    """Return the first line that is not blank, and the number of lines read."""
    try:
        for number, line in enumerate(iter(text.readline, ""), start=1):
            if "\0" in line:
                raise TableError(f"{path}: is neither CSV in UTF-8 nor Parquet")
            if line.strip():
                return line.rstrip("\r\n"), number
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{path}: cannot be read ({error})") from error
    raise TableError(f"{path}: is empty, expected a header line with column names")


def _sniff(header: str, known: Collection[str]) -> str:
    """Choose the delimiter with the most known names in the header, then the most cells."""

    def merit(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True))
        return sum(cell.strip() in known for cell in cells), len(cells)

    return max(DELIMITERS, key=merit)


def _rename(
    path: Path, foreign: list[str], mapping: dict[str, str], wanted: Collection[str]
) -> list[str]:
    for theirs in mapping:
        if theirs not in foreign:
            raise TableError(
                f"{path}: --map names column {theirs!r}, which the file lacks"
                f"{did_you_mean_exact(theirs, foreign)}; it has {some_of(foreign)}"
            )
    hidden = set(mapping.values())
    names = [mapping.get(name, f"({name})" if name in hidden else name) for name in foreign]
    twice = next((name for name in names if name in wanted and names.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"{path}: column {twice} stands twice in the header, expected once")
    return names


def some_of(names: Sequence[str]) -> str:
    """Join the first dozen names."""
    given = [name for name in names if name]
    return ", ".join(given[:12]) + (", …" if len(given) > 12 else "")


def did_you_mean_exact(name: str, known: Collection[str]) -> str:
    """Like `did_you_mean`, for names whose capitals matter."""
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
