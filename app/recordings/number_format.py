"""Decimal sign and thousands separator of a column of text.

They are decided for the whole column, because "12.345" alone says nothing: it is twelve and a
third in one country and twelve thousand in another. Evidence, strongest first: a cell with both
separators; one separator twice in a cell; a cell that cannot be a number with thousands
separators (not three digits behind it, a leading zero, four digits before it). What then remains
open is decided by the caller, who knows the quantity, or becomes a question.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

NAMES = {".": "point", ",": "comma", " ": "space", "'": "apostrophe", "": "none"}
SIGNS = {name: sign for sign, name in NAMES.items()} | {sign: sign for sign in NAMES}

# One to three digits without a leading zero, then groups of three.
_GROUPED = r"^[+-]?[1-9]\d{0,2}(?:\SEP\d{3})+$"
_UNGROUPED = r"^[+-]?\d{4,}(?:[.,]|$)"
_GAPS = r"(\d)[\s'’\x{00a0}\x{202f}](\d{3})"  # 12 345, 12'345


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a column writes numbers.

    decimal, thousands : '.', ',' or (thousands) '' = not used
    other   : the other possible reading, None if this one is certain
    because : what the decision rests on
    """

    decimal: str
    thousands: str
    other: "NumberFormat | None" = None
    because: str = ""

    def plain(self, text: pa.Array) -> pa.Array:
        """Return text without thousands separators and with a decimal point."""
        if self.thousands:
            text = pc.replace_substring(text, self.thousands, "")
        if self.decimal != ".":
            text = pc.replace_substring(text, self.decimal, ".")
        return text

    def names(self) -> str:
        """Return the format in words."""
        if not self.thousands:
            return f"decimal {NAMES[self.decimal]}"
        return f"decimal {NAMES[self.decimal]}, thousands {NAMES[self.thousands]}"


POINT = NumberFormat(".", "")
COMMA = NumberFormat(",", "")


def without_gaps(text: pa.Array) -> pa.Array:
    """Remove spaces and apostrophes that separate thousands."""
    for _ in range(3):  # neighbouring groups share a digit
        if not pc.any(pc.match_substring_regex(text, _GAPS)).as_py():
            break
        text = pc.replace_substring_regex(text, _GAPS, r"\1\2")
    return text


def stated(decimal: str | None, thousands: str | None) -> NumberFormat | None:
    """Return the format that options state, None without any. One separator implies the other."""
    if decimal is None and thousands is None:
        return None
    if decimal is None:
        decimal = "." if thousands != "." else ","
    if thousands is None:
        thousands = "," if decimal == "." else "."
    return NumberFormat(decimal, thousands if thousands in ".," else "")


def decide(text: pa.Array, comma_is_free: bool) -> NumberFormat | None:
    """Decide the format of a column.

    text          : cleaned cells, null = not measured, without gaps
    comma_is_free : the delimiter is no comma, so a comma may be a decimal sign without quotes

    Returns None if cells contradict each other.
    """
    points, commas = _has(text, r"\."), _has(text, ",")
    if not points and not commas:
        return POINT
    if points and commas:
        return _of_both(text)
    separator = "." if points else ","
    decimal = POINT if points else COMMA
    grouped = NumberFormat("," if points else ".", separator)
    if _has(text, rf"\{separator}.*\{separator}"):
        return NumberFormat(
            grouped.decimal, separator, None, f"cells have more than one {NAMES[separator]}"
        )
    if not _only_grouped(text, separator) or _has(text, _UNGROUPED):
        because = f"cells cannot be thousands with a {NAMES[separator]}"
        return NumberFormat(decimal.decimal, "", None, because)
    return NumberFormat(decimal.decimal, "", grouped)


def _of_both(text: pa.Array) -> NumberFormat | None:
    """Decide where points and commas occur: the last of two in a cell is the decimal sign."""
    german, english = _has(text, r"\..*,"), _has(text, r",.*\.")
    if german or english:
        if german and english:
            return None
        decimal, thousands = (",", ".") if german else (".", ",")
        return NumberFormat(decimal, thousands, None, "cells have both separators")
    point_grouped, comma_grouped = _only_grouped(text, "."), _only_grouped(text, ",")
    because = "the column has both separators, and only one fits thousands"
    if point_grouped and not comma_grouped:
        return NumberFormat(",", ".", None, because)
    if comma_grouped and not point_grouped:
        return NumberFormat(".", ",", None, because)
    if not point_grouped:
        return None
    return NumberFormat(",", ".", NumberFormat(".", ","))


def _has(text: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(text, pattern)).as_py())


def _only_grouped(text: pa.Array, separator: str) -> bool:
    """Return whether each cell with the separator can be a number with thousands separators."""
    pattern = _GROUPED.replace("SEP", separator)
    for part in (text[:1000], text):  # most columns are decided by their first rows
        cells = part.filter(pc.fill_null(pc.match_substring(part, separator), False))
        if not pc.all(pc.match_substring_regex(cells, pattern)).as_py():
            return False
    return True
