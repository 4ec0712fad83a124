"""A case type as SVG: a column for each stage, its steps below, arrows for criteria. Pure."""

from html import escape

from customer_context.cases.case_types import CaseType, Item, Kind

_WIDE, _HIGH, _GAP, _TOP, _MOST = 230, 46, 70, 56, 30
_COLORS = {
    Kind.HUMAN: "#dbeafe",
    Kind.AUTOMATIC: "#ede9fe",
    Kind.WAIT: "#fef3c7",
    Kind.CASE: "#fce7f3",
    Kind.MILESTONE: "#dcfce7",
}


def draw(case_type: CaseType, language: str) -> str:
    """Return the drawing; language : of titles, de or en."""
    stages = case_type.children(None)
    places: dict[str, tuple[float, float]] = {}
    parts: list[str] = []
    most = 0
    for column, stage in enumerate(stages):
        x = 20 + column * (_WIDE + _GAP)
        places[stage.id] = (x, 44)
        steps = case_type.children(stage.id)
        most = max(most, len(steps))
        high = _TOP + len(steps) * (_HIGH + 14)
        dash = ' stroke-dasharray="6 4"' if stage.exception or not stage.required else ""
        parts.append(
            f'<rect x="{x}" y="20" width="{_WIDE}" height="{high}" rx="10" fill="#f8fafc" '
            f'stroke="#334155"{dash}/>' + _text(x + 12, 46, _title(stage, language), bold=True)
        )
        for row, step in enumerate(steps):
            y = 20 + _TOP - 8 + row * (_HIGH + 14)
            places[step.id] = (x + 10, y + _HIGH / 2)
            parts.append(_box(step, x + 10, y, language))
    for item in case_type.items.values():
        for sentry in item.spec.entry:
            parts += [_line(places, other, item.id, sentry.when) for other in sentry.after]
    wide = 20 + len(stages) * (_WIDE + _GAP)
    high = 60 + _TOP + most * (_HIGH + 14)
    name = escape(str(getattr(case_type.spec.title, language)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" '
        f'aria-label="{name}" font-family="sans-serif" font-size="13">'
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#475569"/></marker></defs>'
        f"<title>{name}</title>{''.join(parts)}</svg>\n"
    )


def _title(item: Item, language: str) -> str:
    title = str(getattr(item.spec.title, language))
    return title if len(title) <= _MOST else f"{title[: _MOST - 1]}…"


def _text(x: float, y: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}"{weight} fill="#0f172a">{escape(text)}</text>'


def _box(step: Item, x: float, y: float, language: str) -> str:
    dash = "" if step.required else ' stroke-dasharray="5 3"'
    shape = (
        f'<rect x="{x}" y="{y}" width="{_WIDE - 20}" height="{_HIGH}" '
        f'rx="{_HIGH / 2 if step.kind == Kind.MILESTONE else 6}" fill="{_COLORS[step.kind]}" '
        f'stroke="#475569"{dash}/>'
    )
    marks = ("▶ " if step.spec.manual else "") + ("↻ " if step.repeat is not None else "")
    due = "⏱" if step.spec.deadlines else ""
    return (
        shape
        + _text(x + 12, y + 19, _title(step, language))
        + _text(x + 12, y + 37, f"{marks}{step.kind} {due}".strip())
    )


def _line(places: dict[str, tuple[float, float]], start: str, end: str, when: str) -> str:
    """Return an arrow from an item to the one that waits for it; its condition is a tooltip."""
    (x1, y1), (x2, y2) = places[start], places[end]
    right = x1 + (_WIDE - 20)
    bend = max(x2, right) + 24 if abs(x1 - x2) < _WIDE else (right + x2) / 2
    to = x2 + (_WIDE - 20) if abs(x1 - x2) < _WIDE and x2 <= right else x2
    return (
        f'<path d="M{right} {y1} C{bend} {y1} {bend} {y2} {to} {y2}" fill="none" '
        f'stroke="#475569" marker-end="url(#end)"><title>{escape(when)}</title></path>'
    )
