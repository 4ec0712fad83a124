"""The timeline of a customer: for agents, and the customer's own."""

from urllib.parse import quote

from starlette.responses import Response

from api.http.problems import not_found
from api.pages.frame.lists import ROWS, chosen
from api.pages.frame.view import View
from api.resources import timeline as resource
from contracts.interactions import INTERACTIONS, TIMELINE_CHANNELS, EntryKind
from contracts.kinds import SIGNALS
from services import timeline
from services.timeline import Entry, Filter
from store.people import subjects

_BUSY = (EntryKind.READ, EntryKind.DECISION)
"""Kinds that come many at once: shown where they are asked for."""
_LONGEST = 100


def of_customer(view: View) -> Response:
    """GET and POST /customers/{customer}/timeline: for agents. Words stand in no URL."""
    customer = view.request.path_params["customer"]
    path = f"/customers/{quote(customer, safe='')}"
    return _show(view, customer, f"{path}/timeline", path)


def own(view: View) -> Response:
    """GET and POST /me/timeline: the customer's own, with what is hidden from others."""
    return _show(view, str(view.caller.customer), "/me/timeline", "/me")


def _show(view: View, customer: str, path: str, back: str) -> Response:
    person = subjects.customer(view.connection, view.tenant, customer)
    if person is None:
        raise not_found()
    words = view.form.get("q", "").strip().replace("\x00", "")[:_LONGEST]
    if view.request.method == "POST" and not words:
        return view.go(path)
    given = view.form.get("after") if words else view.request.query_params.get("after")
    kind = chosen(view, "kind", tuple(EntryKind))
    channel = chosen(view, "channel", tuple(TIMELINE_CHANNELS))
    usual = [one for one in EntryKind if one not in _BUSY]
    found = timeline.read(
        view.connection,
        view.deps.box,
        view.tenant,
        customer,
        Filter([kind] if kind else usual, channel),
        words=words or None,
        reader=view.caller.customer,
        after=resource.decode(given or None),
        limit=ROWS,
    )
    view.log(timeline.reads(customer, found.entries), "timeline", "service")
    view.load_names(entry.subject for entry in found.entries)
    return view.page(
        "timeline.html",
        person=person,
        path=path,
        back=back,
        q=words,
        entries=found.entries,
        next=None if found.after is None else resource.encode(found.after),
        kinds=tuple(EntryKind),
        kind=kind,
        channels={name: text.title(view.language) for name, text in TIMELINE_CHANNELS.items()},
        channel=channel,
        type_name=lambda entry: name_of_type(view, entry),
    )


def name_of_type(view: View, entry: Entry) -> str:
    """Return the name of an entry's type in the viewer's language; empty where it says no more."""
    if entry.kind == EntryKind.INTERACTION:
        return INTERACTIONS[entry.type].name.title(view.language)
    if entry.kind in (EntryKind.SIGNAL, EntryKind.DECISION):
        facts = SIGNALS.get(entry.type)
        return "" if facts is None else facts.name.title(view.language)
    if entry.kind == EntryKind.CONSENT:
        return view.text.of("consent.purpose", entry.type)
    if entry.kind == EntryKind.READ:
        return view.text.of("read", entry.type)
    return ""
