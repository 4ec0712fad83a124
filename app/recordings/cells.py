"""Read the cells of a CSV or Parquet file, without interpreting them.

A `RawTable` has the wanted columns as Arrow arrays in file order, and the position of each row, so
that an error can name the line. Arrow reads CSV as text; files that it rejects (rows of unequal
length, for example) are read by Python's slower reader, which can name the error.
"""

import csv
import difflib
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from app.recordings.arrow_without_pandas import without_pandas
from app.recordings.encoding import TableError, TextFile, recognise
from app.recordings.guesses import Guess

__all__ = ["RawTable", "TableError", "did_you_mean", "parse_mapping", "read_raw", "some_of"]

DELIMITERS = (",", ";", "\t")
HEADER_WITHIN = 40  # lines: exports of grid operators begin with a block about the metering point

Names = Callable[[Sequence[str]], tuple[dict[str, str], tuple[Guess, ...]]]
"""Find our names for foreign ones: header -> (foreign name: our name, what was guessed)."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """Columns of text or of typed Arrow values, by name after `--map`."""

    path: Path
    cells: dict[str, pa.Array]
    ignored: tuple[str, ...]
    comma_is_free: bool  # the delimiter is no comma, so cells may have decimal commas
    place: Callable[[int], str]  # row (from 0) -> "line 17" or "row 17"
    notes: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()
    foreign: tuple[tuple[str, str], ...] = ()  # (our name, name in the file) where they differ

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


def no_names(header: Sequence[str]) -> tuple[dict[str, str], tuple[Guess, ...]]:
    """Know no foreign names."""
    return {}, ()


def read_raw(
    path: Path,
    wanted: Collection[str],
    mapping: dict[str, str],
    find_names: Names = no_names,
) -> RawTable:
    """Read the wanted columns of a CSV (plain or gzip) or Parquet file.

    find_names : finds our names of columns that neither are ours nor stand in `mapping`

    Raises TableError if the file cannot be read as a table.
    """
    without_pandas()
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic == b"PAR1":
            return _read_parquet(path, wanted, mapping, find_names)
        return _read_csv(recognise(path), wanted, mapping, find_names)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error


def _read_parquet(
    path: Path, wanted: Collection[str], mapping: dict[str, str], find_names: Names
) -> RawTable:
    try:
        file = pa.parquet.ParquetFile(path)
        foreign = file.schema_arrow.names
        mapping, guesses = _complete(foreign, mapping, find_names)
        names = _rename(path, foreign, mapping, wanted)
        keep = {ours: theirs for theirs, ours in zip(foreign, names, strict=True) if ours in wanted}
        table = file.read(columns=list(keep.values()))
    except pa.ArrowException as error:
        raise TableError(f"{path}: cannot be read as Parquet ({error})") from error
    cells = {ours: table.column(theirs).combine_chunks() for ours, theirs in keep.items()}
    return RawTable(
        path,
        cells,
        tuple(n for n in names if n not in keep),
        False,
        lambda row: f"row {row + 1}",
        guesses=guesses,
        foreign=_differing(keep),
    )


def _complete(
    foreign: Sequence[str], mapping: dict[str, str], find_names: Names
) -> tuple[dict[str, str], tuple[Guess, ...]]:
    """Add the names that are found to those that `--map` gives."""
    found, guesses = find_names([mapping.get(name, name) for name in foreign])
    return {**found, **mapping}, guesses


def _differing(keep: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((ours, theirs) for ours, theirs in keep.items() if ours != theirs)


def _read_csv(
    file: TextFile, wanted: Collection[str], mapping: dict[str, str], find_names: Names
) -> RawTable:
    path = file.path
    with file.open() as text:
        header, lines = _header_line(path, text, set(wanted) | set(mapping), find_names)
        delimiter = _sniff(header, set(wanted) | set(mapping))
        foreign = _cells(header, delimiter)
    while foreign and not foreign[-1]:
        foreign.pop()  # trailing delimiters of the header
    mapping, guesses = _complete(foreign, mapping, find_names)
    with file.open() as text:
        for _ in range(lines):
            text.readline()
        first = next((row for row in csv.reader(text, delimiter=delimiter) if any(row)), [])
    names = _rename(path, foreign, mapping, wanted)
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
        table = _arrow_csv(file, lines, delimiter, labels, want)
        cells = {label.split(":", 1)[1]: table.column(label).combine_chunks() for label in want}
    except (pa.ArrowException, OSError):
        cells, notes = _python_csv(file, lines, delimiter, names, keep)
    return RawTable(
        path,
        cells,
        ignored,
        delimiter != ",",
        partial(_line_of, file, lines, delimiter),
        notes,
        (*((file.guess,) if file.guess else ()), *guesses),
        _differing({ours: theirs for ours, theirs in zip(names, foreign, strict=True)
                    if ours in wanted}),
    )  # fmt: skip


def _arrow_csv(
    file: TextFile, skip: int, delimiter: str, labels: list[str], want: list[str]
) -> pa.Table:
    with _stream(file) as stream:
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


def _stream(file: TextFile) -> pa.NativeFile:
    if not file.plain:
        return pa.BufferReader(file.utf8())
    return pa.input_stream(str(file.path), compression="gzip" if file.packed else None)


def _python_csv(
    file: TextFile, skip: int, delimiter: str, names: list[str], keep: list[str]
) -> tuple[dict[str, pa.Array], tuple[str, ...]]:
    """Read row by row. Skip a last row that is too short: it was truncated during writing."""
    wanted = [(names.index(name), name) for name in keep]
    columns: dict[str, list[str]] = {name: [] for name in keep}
    width = len(names)
    short: TableError | None = None
    for line, row in _rows(file, skip, delimiter):
        if short is not None:
            raise short
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            short = TableError(
                f"{file.path}: line {line}: found {len(row)} cells, expected {width}, one for each "
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


def _rows(file: TextFile, skip: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1, cells) of each row that is not a blank line."""
    with file.open() as text:
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
            raise TableError(
                f"{file.path}: line {line}: cannot be read as CSV ({error})"
            ) from error


def _line_of(file: TextFile, skip: int, delimiter: str, row: int) -> str:
    for at, (line, _) in enumerate(_rows(file, skip, delimiter)):
        if at == row:
            return f"line {line}"
    return f"row {row + 1}"


def _cells(line: str, delimiter: str) -> list[str]:
    row = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return [cell.strip() for cell in row]


def _header_line(
    path: Path, text: Iterator[str], known: Collection[str], find_names: Names
) -> tuple[str, int]:
    """Return the header and its line number: the first line that names two columns, else the
    first that is not blank."""
    first: tuple[str, int] | None = None
    try:
        for number, line in enumerate(islice(text, HEADER_WITHIN), start=1):
            if not line.strip():
                continue
            header = line.rstrip("\r\n")
            first = first or (header, number)
            cells = _cells(header, _sniff(header, known))
            named = {cell for cell in cells if cell in known} | set(find_names(cells)[0])
            if len(named) > 1:
                return header, number
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise TableError(f"{path}: cannot be read ({error})") from error
    if first is None:
        raise TableError(f"{path}: is empty, expected a header line with column names")
    return first


def _sniff(header: str, known: Collection[str]) -> str:
    """Choose the delimiter with the most known names in the header, then the most cells."""

    def merit(delimiter: str) -> tuple[int, int]:
        cells = _cells(header, delimiter)
        return sum(cell in known for cell in cells), len(cells)

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
