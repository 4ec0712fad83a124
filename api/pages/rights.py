"""A customer's rights on "My data": ask, see what became of it, download, end a restriction."""

from starlette.responses import Response

from api.http.problems import not_found
from api.pages.frame.view import View
from api.resources import rights as resources
from contracts.rights import AskedBy, LimitKind, Right
from runtime.errors import NotAllowed

_MOST_CHARACTERS = 4_000


def ask(view: View) -> Response:
    """POST /me/rights: ask for a right, take a request back, or end a limit."""
    customer, form = str(view.caller.customer), view.form
    rights, author = resources.rights(view.deps), f"customer:{view.caller.customer}"
    if taken_back := form.get("withdraw", "")[:64]:
        rights.withdraw(view.connection, view.tenant, customer, taken_back, author, view.now_us)
        return view.go("/me", "right_withdrawn")
    if (kind := form.get("end", "")) in tuple(LimitKind):
        rights.end_limit(
            view.connection, view.tenant, customer, LimitKind(kind), author, view.now_us
        )
        return view.go("/me", "limit_ended")
    if (right := form.get("right", "")) not in tuple(Right):
        raise not_found()
    details = form.get("details", "").replace("\x00", "")[:_MOST_CHARACTERS]
    try:
        rights.ask(
            view.connection, view.tenant, customer, Right(right), view.now_us,
            asked_by=AskedBy.PAGE, author=author, details=details,
        )  # fmt: skip
    except NotAllowed:
        if not details.strip() and right in (Right.RECTIFICATION, Right.OBJECTION):
            return view.go("/me", "right_needs_text")
        raise
    return view.go("/me", "right_asked")


def copy(view: View) -> Response:
    """GET /me/rights/{right}/copy: the copy of one's data."""
    right_id = str(view.request.path_params["right"])[:64]
    response = resources.download(view.call, str(view.caller.customer), right_id)
    return view.finish(response)
