"""Convert cells to numbers: measured values, status names and meter numbers.

All code is vectorised over Arrow arrays; only on an error is the invalid value searched.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.recordings.cells import RawTable, TableError
from app.recordings.guesses import Guess
from app.recordings.number_format import POINT, NumberFormat, decide, stated, without_gaps
from app.recordings.plain_cells import plain_numbers
from contracts.meter_number import meter_key
from contracts.quality import Quality
from contracts.units import Column

NOT_MEASURED = ("", "null", "nan", "n/a", "na", "none", "-", "--", "---", "#nv", "#n/a", "nil")
NUMBER = r"(?i)^[+-]?[\d.,]*\d[\d.,]*(?:e[+-]?\d+)?$"
MOST_WORDS = 0.05  # a column with more cells that are no numbers is another column
OPTIONS = "--decimal and --thousands"
LONGEST_ABSENT = max(map(len, NOT_MEASURED))

# NEM12 (Australia): A actual, S substituted, F final substituted, E forward estimate, N null,
# V varies within the day. BO4E names and our own numbers 0–6 are read too.
QUALITY_NAMES: dict[str, Quality] = {
    **{quality.name: quality for quality in Quality},
    "A": Quality.ABGELESEN,
    "S": Quality.ERSATZWERT,
    "F": Quality.ERSATZWERT,
    "E": Quality.PROGNOSEWERT,
    "V": Quality.VORLAEUFIGERWERT,
    "N": Quality.FEHLT,
    # what German and British exports write
    "GEMESSEN": Quality.ABGELESEN,
    "WAHR": Quality.ABGELESEN,
    "WAHRER WERT": Quality.ABGELESEN,
    "W": Quality.ABGELESEN,
    "ACTUAL": Quality.ABGELESEN,
    "MEASURED": Quality.ABGELESEN,
    "READ": Quality.ABGELESEN,
    "OK": Quality.ABGELESEN,
    "ERSATZ": Quality.ERSATZWERT,
    "GESCHÄTZT": Quality.ERSATZWERT,
    "GESCHAETZT": Quality.ERSATZWERT,
    "ESTIMATED": Quality.ERSATZWERT,
    "ESTIMATE": Quality.ERSATZWERT,
    "SUBSTITUTED": Quality.ERSATZWERT,
    "VORLÄUFIG": Quality.VORLAEUFIGERWERT,
    "VORLÄUFIGER WERT": Quality.VORLAEUFIGERWERT,
    "PROVISIONAL": Quality.VORLAEUFIGERWERT,
    "PROGNOSE": Quality.PROGNOSEWERT,
    "FORECAST": Quality.PROGNOSEWERT,
    "UNGÜLTIG": Quality.NICHT_VERWENDBAR,
    "INVALID": Quality.NICHT_VERWENDBAR,
    "FEHLEND": Quality.FEHLT,
    "MISSING": Quality.FEHLT,
}


def clean_text(cells: pa.Array) -> pa.Array:
    """Return text without padding and quotes, null if not measured."""
    text = pc.utf8_trim(pc.cast(cells, pa.string()), characters=' \t"\r\u00a0')
    if pc.any(pc.less_equal(pc.utf8_length(text), LONGEST_ABSENT)).as_py():
        empty = pc.is_in(pc.utf8_lower(text), value_set=pa.array(NOT_MEASURED))
        text = pc.if_else(empty, pa.scalar(None, pa.string()), text)
    return text


def is_text(cells: pa.Array) -> bool:
    """Return whether an Arrow array has text (also as a dictionary)."""
    kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


Choose = Callable[[NDArray[np.float64], NDArray[np.float64], str], tuple[bool, str] | None]


@dataclass(frozen=True, slots=True)
class Numbers:
    """How to read numbers.

    decimal, thousands : signs that options state, None = find out
    choose    : decides between two readings of a column (values, values of the other reading,
                decimal sign of the first): whether it is the first, and why; None = it is open
    unlimited : a value outside the physical range is kept; the kernel judges it
    """

    decimal: str | None = None
    thousands: str | None = None
    choose: Choose | None = None
    unlimited: bool = False


PLAIN = Numbers()


def numbers(
    raw: RawTable, column: Column, how: Numbers = PLAIN, guesses: list[Guess] | None = None
) -> NDArray[np.float64]:
    """Read one measured column.

    guesses : what is guessed is appended

    Returns float64[n] in `column.unit`, NaN = not measured.
    Raises TableError for the first value that is not a number, not finite or out of range, and
    for a format that is open.
    """
    cells = raw.cells[column.name]
    expected = f"a number in {column.unit} from {column.lowest:g} to {column.highest:g}"
    values = plain_numbers(cells) if stated(how.decimal, how.thousands) is None else None
    if values is not None:
        pass
    elif is_text(cells):
        text = clean_text(cells)
        if column.name == "ignition":
            text = pc.replace_substring_regex(text, r"(?i)^true$", "1")
            text = pc.replace_substring_regex(text, r"(?i)^false$", "0")
        if how.unlimited:
            text = _without_words(column, text, guesses)
        values = _text_numbers(raw, column, text, how, guesses, expected)
        measured = _numpy(pc.is_valid(text))
        # Text that spells infinity, or a NaN that `clean_text` does not know, is no measurement.
        _refuse(raw, column, values, measured & ~np.isfinite(values), expected)
    else:
        try:
            values = _typed(cells)
        except pa.ArrowException:
            raise raw.error(column.name, 0, f"values of type {cells.type}", expected) from None
    _refuse(raw, column, values, np.isinf(values), expected)
    if not how.unlimited:
        outside = (values < column.lowest) | (values > column.highest)
        _refuse(raw, column, values, outside, expected)
    return values


def _text_numbers(
    raw: RawTable,
    column: Column,
    text: pa.Array,
    how: Numbers,
    guesses: list[Guess] | None,
    expected: str,
) -> NDArray[np.float64]:
    """Parse a column of text in the format decided for it."""

    def parse(form: NumberFormat) -> NDArray[np.float64]:
        values, wrong = _parse(form.plain(joined))
        if wrong is not None:
            raise raw.error(column.name, wrong, raw.cells[column.name][wrong].as_py(), expected)
        return values

    joined = without_gaps(text)
    given = stated(how.decimal, how.thousands)
    if given is not None:
        return parse(given)
    form = decide(joined, raw.comma_is_free)
    if form is None:
        raise _open(raw, column, joined, f"one format of numbers; {OPTIONS} set it")
    values = parse(form)
    if form.other is None:
        because = form.because if form != POINT else ""
        because = because if form.decimal == "," or form.thousands else ""
    else:
        form, values, because = _chosen(raw, column, joined, how, form, form.other, values)
    if guesses is not None:
        found = form.names()
        if not because and not joined.equals(text):
            found, because = "thousands space or apostrophe", "three digits follow each"
        if because:
            guesses.append(Guess("numbers", column.name, found, because, OPTIONS))
    return values


def _without_words(column: Column, text: pa.Array, guesses: list[Guess] | None) -> pa.Array:
    """Take the codes of errors out of a column: hexadecimal numbers, and words in a few cells."""
    is_number = pc.fill_null(pc.match_substring_regex(without_gaps(text), NUMBER), True)
    wrong = np.flatnonzero(~_numpy(is_number))
    if wrong.size == 0 or wrong.size > MOST_WORDS * len(text):
        return text
    found = sorted({text[int(row)].as_py() for row in wrong})
    if guesses is not None:
        what = f"{wrong.size} cells are not used"
        guesses.append(Guess("cells", column.name, what, f"{found[0]!r} is no number"))
    return pc.if_else(is_number, text, pa.scalar(None, pa.string()))


def _chosen(
    raw: RawTable,
    column: Column,
    text: pa.Array,
    how: Numbers,
    form: NumberFormat,
    other: NumberFormat,
    values: NDArray[np.float64],
) -> tuple[NumberFormat, NDArray[np.float64], str]:
    """Choose between two possible formats: (format, values, why; '' = nothing is to be said)."""
    if how.choose is None:
        because = "the delimiter is no comma" if raw.comma_is_free else ""
        return form, values, because if form.decimal == "," else ""
    others, wrong = _parse(other.plain(text))
    if wrong is not None:
        return form, values, "the other reading is no number"
    chosen = how.choose(values, others, form.decimal)
    if chosen is None:
        both = f"{form.names()} and {other.names()}"
        expected = f"a number whose format is certain: {both} are both possible, and a"
        raise _open(raw, column, text, f"{expected} thousandfold apart; {OPTIONS} set it")
    is_first, because = chosen
    if not is_first:
        return other, others, because
    return form, values, because if form.decimal == "," or raw.comma_is_free else ""


def _open(raw: RawTable, column: Column, text: pa.Array, expected: str) -> TableError:
    """Make the question about a format, by the first cell with a separator."""
    row = _first(pc.match_substring_regex(text, r"[.,]")) or 0
    return raw.error(column.name, row, raw.cells[column.name][row].as_py(), expected)


def _first(mask: pa.Array) -> int | None:
    rows = np.flatnonzero(_numpy(pc.fill_null(mask, False)))
    return int(rows[0]) if rows.size else None


def _refuse(
    raw: RawTable,
    column: Column,
    values: NDArray[np.float64],
    bad: NDArray[np.bool_],
    expected: str,
) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        found = raw.cells[column.name][row].as_py()
        if isinstance(found, str):
            found = found.strip()
        raise raw.error(column.name, row, found, expected)


def _parse(text: pa.Array) -> tuple[NDArray[np.float64], int | None]:
    """Parse text as float64; also return the first row that is not a number."""
    try:
        return _typed(pc.cast(text, pa.float64())), None
    except pa.ArrowInvalid:
        pass
    values = np.full(len(text), np.nan)
    for row, cell in enumerate(text.to_pylist()):
        if cell is None:
            continue
        try:
            values[row] = float(cell) if cell.isascii() and "_" not in cell else float("x")
        except ValueError:
            return values, row
    return values, None


def _typed(cells: pa.Array) -> NDArray[np.float64]:
    numeric = pc.cast(cells, pa.float64(), safe=False)
    return np.array(numeric.to_numpy(zero_copy_only=False), np.float64)


def _numpy(mask: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(mask.to_numpy(zero_copy_only=False), np.bool_)


def qualities(raw: RawTable, column: Column) -> NDArray[np.float64]:
    """Read `quality`: BO4E names, NEM12 letters or our numbers -> float64[n] code, NaN = none."""
    cells = raw.cells[column.name]
    if not is_text(cells):
        return numbers(raw, column)
    values = np.empty(len(cells))
    coded = pc.dictionary_encode(clean_text(cells))
    codes: list[float] = []
    for name in coded.dictionary.to_pylist():
        code = quality_code(name)
        if code is None:
            row = int(np.argmax(_numpy(pc.fill_null(pc.equal(clean_text(cells), name), False))))
            raise raw.error(
                column.name, row, name, f"a number 0 to 6 or one of {', '.join(QUALITY_NAMES)}"
            )
        codes.append(code)
    index = np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    values[:] = np.array([*codes, np.nan])[index]
    return values


def quality_code(name: str) -> float | None:
    """Return the number of a status; None where it is none."""
    # NEM12 carries the method behind the letter: "S14", "F52".
    letter = name[0].upper() if name[1:].isdigit() and name[0].isalpha() else name.upper()
    if letter in QUALITY_NAMES:
        return float(QUALITY_NAMES[letter])
    try:
        code = float(name)
    except ValueError:
        return None
    return code if code in set(Quality) else None


def meter_keys(cells: pa.Array) -> NDArray[np.float64]:
    """Read `meter_number` -> float64[n] key, NaN = not given."""
    coded = pc.dictionary_encode(clean_text(cells))
    keys = np.array([*(meter_key(name) for name in coded.dictionary.to_pylist()), np.nan])
    index = np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    return np.asarray(keys[index], np.float64)
