"""Rules that change without code: which are in force, versions, difference, asking for another."""

from typing import Any

from starlette.responses import Response

from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.frame.view import View
from runtime.errors import Invalid, NotFound
from services import rule_versions
from services.rule_kinds import KINDS
from services.rule_versions import RuleKind

_MOST_CHARACTERS = 500
_MOST_TEXT = 60_000
_SHOWN = 20


def list_(view: View) -> Response:
    """GET /rules"""
    found = []
    for kind in KINDS.values():
        since = rule_versions.in_force_since(view.connection, view.tenant, kind)
        current = rule_versions.all_current(view.connection, view.tenant, kind)
        found.append((kind.name, [(rule, since.get(id_)) for id_, rule in sorted(current.items())]))
    return view.page("rules.html", kinds=found, may_ask=view.may(Scope.APPROVALS_WRITE))


def one(view: View) -> Response:
    """GET /rules/{kind}/{rule}"""
    return _page(view)


def act(view: View) -> Response:
    """POST /rules/{kind}/{rule}: ask for a version to be brought into force."""
    kind, id_ = _wanted(view)
    action, reason = view.form.get("action", ""), view.form.get("reason", "").strip()
    connection, by, now_us = view.connection, view.caller.name, view.now_us
    if action == "record":
        text = view.form.get("text", "").replace("\r\n", "\n")[:_MOST_TEXT]
        try:
            new = rule_versions.record(connection, view.tenant, kind, text, by, now_us)
        except Invalid as error:
            return _page(view, text, reason, str(error))
    elif action == "rollback":
        new = rule_versions.before(connection, view.tenant, kind, id_)
        rule_versions.keep(connection, view.tenant, kind, new, by, now_us)
    else:
        raise not_found()
    row = rule_versions.ask(
        connection,
        view.caller.actor,
        by,
        kind,
        new.digest,
        (reason or view.text("rules.rollback"))[:_MOST_CHARACTERS],
        now_us,
    )
    return view.go(f"/approvals/{row.request_id}", "asked")


def _wanted(view: View) -> tuple[RuleKind[Any], str]:
    kind = KINDS.get(view.request.path_params["kind"])
    if kind is None:
        raise not_found()
    return kind, view.request.path_params["rule"]


def _page(view: View, text: str | None = None, reason: str = "", wrong: str = "") -> Response:
    """Return the page of a rule. text, reason : that were entered; wrong : why they are refused."""
    kind, id_ = _wanted(view)
    try:
        rule = rule_versions.current(view.connection, view.tenant, kind, id_)
    except NotFound:
        raise not_found() from None
    history = rule_versions.history(view.connection, view.tenant, kind, id_)
    shown = view.request.query_params.get("version")
    versions = rule_versions.versions(view.connection, view.tenant, kind, id_)
    difference = None
    if shown is not None and shown in {row["digest"] for row in versions}:
        difference = rule_versions.compared(view.connection, view.tenant, kind, shown)["difference"]
    return view.page(
        "rule.html",
        422 if wrong else 200,
        entered=rule.text if text is None else text,
        reason=reason,
        wrong=wrong,
        kind=kind.name,
        rule=rule,
        versions=versions[::-1][:_SHOWN],
        history=history[:_SHOWN],
        shown=shown,
        difference=difference,
        may_ask=view.may(Scope.APPROVALS_WRITE) and view.caller.person is not None,
    )
