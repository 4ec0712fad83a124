"""Colours of plots on white, by the colour names of contracts.kinds."""

from typing import Final

INK, FAINT, GRID, ACCENT = "#1f2933", "#7b8794", "#e4e7eb", "#0b69a3"

COLOURS: Final = {
    "ink": "#3e4c59",
    "line-strong": "#9aa5b1",
    "bad": "#000000",
    "plot-2": "#e08e0b",
    "plot-3": "#8719e0",
    "plot-4": "#d64545",
    "plot-5": "#c2185b",
}
