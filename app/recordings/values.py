"""Convert cells to numbers: measured values, status names and meter numbers.

All code is vectorised over Arrow arrays; only on an error is the invalid value searched.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.recordings.cells import RawTable
from contracts.meter_number import meter_key
from contracts.quality import Quality
from contracts.units import Column

NOT_MEASURED = ("", "null", "nan")

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
}


def clean_text(cells: pa.Array) -> pa.Array:
    """Return text without padding and quotes, null if not measured."""
    text = pc.utf8_trim(pc.cast(cells, pa.string()), characters=' \t"\r\u00a0')
    if pc.any(pc.less_equal(pc.utf8_length(text), 4)).as_py():
        empty = pc.is_in(pc.utf8_lower(text), value_set=pa.array(NOT_MEASURED))
        text = pc.if_else(empty, pa.scalar(None, pa.string()), text)
    return text


def is_text(cells: pa.Array) -> bool:
    """Return whether an Arrow array has text (also as a dictionary)."""
    kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def numbers(raw: RawTable, column: Column) -> NDArray[np.float64]:
    """Read one measured column.

    Returns float64[n] in `column.unit`, NaN = not measured.
    Raises TableError for the first value that is not a number, not finite or out of range.
    """
    cells = raw.cells[column.name]
    expected = f"a number in {column.unit} from {column.lowest:g} to {column.highest:g}"
    if is_text(cells):
        text = clean_text(cells)
        if column.name == "ignition":
            text = pc.replace_substring_regex(text, r"(?i)^true$", "1")
            text = pc.replace_substring_regex(text, r"(?i)^false$", "0")
        values, wrong = _parse(text, raw.decimal_comma)
        if wrong is not None:
            raise raw.error(column.name, wrong, cells[wrong].as_py(), expected)
        measured = _numpy(pc.is_valid(text))
        # Text that spells infinity, or a NaN that `clean_text` does not know, is no measurement.
        _refuse(raw, column, values, measured & ~np.isfinite(values), expected)
    else:
        try:
            values = _typed(cells)
        except pa.ArrowException:
            raise raw.error(column.name, 0, f"values of type {cells.type}", expected) from None
    _refuse(raw, column, values, np.isinf(values), expected)
    _refuse(raw, column, values, (values < column.lowest) | (values > column.highest), expected)
    return values


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


def _parse(text: pa.Array, decimal_comma: bool) -> tuple[NDArray[np.float64], int | None]:
    """Parse text as float64; also return the first row that is not a number."""
    try:
        return _typed(pc.cast(text, pa.float64())), None
    except pa.ArrowInvalid:
        pass
    if decimal_comma and not pc.any(pc.match_substring(text, ".")).as_py():
        return _parse(pc.replace_substring(text, ",", "."), False)
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
        code = _quality_code(name)
        if code is None:
            row = int(np.argmax(_numpy(pc.fill_null(pc.equal(clean_text(cells), name), False))))
            raise raw.error(
                column.name, row, name, f"a number 0 to 6 or one of {', '.join(QUALITY_NAMES)}"
            )
        codes.append(code)
    index = np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    values[:] = np.array([*codes, np.nan])[index]
    return values


def _quality_code(name: str) -> float | None:
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
