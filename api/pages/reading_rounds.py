"""Reading rounds of the utility: the list with a form for a new one, and the progress of one."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from api.http.scopes import Scope
from api.pages.frame.view import View
from runtime.errors import Invalid, NotAllowed
from services import reading_rounds
from store.people import reading_rounds as stored
from store.people.read_log import of_rows

_WHY = "contract"
_TIMES = ("opens", "reminds", "closes")
_OPEN_DAYS, _REMIND_DAYS = 14, 9
"""Of a round as the form proposes it."""


def list_(view: View) -> Response:
    """GET /reading-rounds"""
    return _page(view)


def create(view: View) -> Response:
    """POST /reading-rounds: a round for all meters that no device reads, or for those named."""
    form = view.form
    named = form.get("meters", "").replace(",", " ").split()
    try:
        opens, reminds, closes = (_time(view, form.get(name, "")) for name in _TIMES)
        name = form.get("name", "").strip()[:120]
        if not name:
            raise Invalid("name: expected a name")
        with view.connection.transaction():
            row = reading_rounds.create(
                view.connection, view.tenant, name, opens, reminds, closes, view.caller.name,
                view.now_us, meters=named or None,
            )  # fmt: skip
    except (Invalid, NotAllowed) as error:
        return _page(view, str(error))
    return view.go(f"/reading-rounds/{row['round_id']}", "round_made")


def one(view: View) -> Response:
    """GET /reading-rounds/{round}"""
    round_id = view.request.path_params["round"][:64]
    row = reading_rounds.get(view.connection, view.tenant, round_id)
    found = reading_rounds.meters_of(view.connection, view.tenant, round_id)
    view.log(of_rows(found, "meter", "meter"), "reading round", _WHY)
    view.load_names(f"meter:{one['meter']}" for one in found)
    over = row["closes_at"] <= view.now
    return view.page("reading_round.html", round=row, meters=found, over=over)


def _page(view: View, problem: str | None = None) -> Response:
    today = view.now.astimezone(ZoneInfo(view.timezone)).date()
    proposed = {
        "opens": today,
        "reminds": today + timedelta(days=_REMIND_DAYS),
        "closes": today + timedelta(days=_OPEN_DAYS),
    }
    return view.page(
        "reading_rounds.html",
        200 if problem is None else 422,
        rounds=stored.list_(view.connection, view.tenant),
        proposed={name: view.form.get(name) or str(day) for name, day in proposed.items()},
        entered=view.form,
        problem=problem,
        may_create=view.may(Scope.ROUNDS_WRITE),
    )


def _time(view: View, text: str) -> datetime:
    """Return the begin of a local day. Raises `Invalid`."""
    try:
        return datetime.fromisoformat(text[:10]).replace(tzinfo=ZoneInfo(view.timezone))
    except ValueError:
        raise Invalid(f"expected a date like 2026-12-01, not {text[:20]!r}") from None
