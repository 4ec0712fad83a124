"""Customers: search and relevant context for agents; a customer's own data and consents."""

import json
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages import case_steps, next_actions
from api.pages.frame.lists import ROWS, Row, counted, cursor, one_page
from api.pages.frame.texts import Texts
from api.pages.frame.view import View
from api.resources import contact_points, context
from api.resources import rights as resources_of_rights
from api.resources.subjects import invalid
from contracts.channels import PURPOSES, TO_CUSTOMER, configured
from contracts.contact_points import NotUsable, PointKind
from contracts.matters import Matter
from contracts.purposes import Method, Purpose
from contracts.rights import Right
from customer_context.relevance.usefulness import Reaction
from services import (
    alert_flow,
    attributes,
    consent,
    consent_links,
    consent_receipt,
    contact_flow,
    customer_context,
    customer_search,
    matching,
    merging,
    partners,
    preferences,
)
from services.consent_terms import terms_of
from services.contact_points import NewPoint
from store.people import consent as consent_ledger
from store.people import merges, read_log, subjects
from store.people.consent_requests import OPT_IN
from store.people.read_log import of_customers, of_rows
from store.reads.pages import COUNTED

_RELEVANT = 5
_CONTACTS = 15
_READS = 25
_DIGITS = 18
NOTICE = "2026-11"
"""Version of the notice shown for each purpose (texts: consent.purpose_text)."""


def customer_list(view: View) -> Response:
    """GET /customers"""
    after = cursor(view, "customers", paging.text)
    found = subjects.listed_customers(
        view.connection,
        view.tenant,
        after=None if after is None else after[0],
        limit=ROWS + 1,
    )
    shown, next_ = one_page(found, "customers", "customer")
    return _list(view, "", shown, next_)


def search(view: View) -> Response:
    """POST /customers: what is looked for may be a name, so it stands in no URL."""
    text = view.form.get("q", "").strip().replace("\x00", "")[:100]
    if not text:
        return view.go("/customers")
    after = paging.decode("found", view.form.get("after") or None, paging.number, paging.text)
    found = customer_search.find(
        view.connection,
        contact_points.points(view.deps),
        view.tenant,
        text,
        view.now_us,
        after=None if after is None else (after[0], after[1]),
        limit=ROWS + 1,
    )
    shown, next_ = one_page(found, "found", "rank", "customer")
    return _list(view, text, shown, next_)


def _list(view: View, text: str, shown: list[Row], next_: str | None) -> Response:
    view.log(of_customers(row["customer"] for row in shown), "customer list", "service")
    total = subjects.count_customers(view.connection, view.tenant, COUNTED)
    return view.page(
        "customers.html",
        customers=shown,
        next=next_,
        q=text,
        count=None if text else counted(len(shown), total),
    )


def customer(view: View) -> Response:
    """GET /customers/{customer}: for agents. Redirects a customer to their own page, /me."""
    customer_id = view.request.path_params["customer"]
    if view.may(Scope.DATA_READ) and customer_id == view.caller.customer:
        return view.go("/me")
    if not view.may(Scope.CONTEXT_READ):
        raise not_found()
    survivor = merges.survivor_of(view.connection, view.tenant, customer_id)
    if survivor is not None:
        return view.go(f"/customers/{quote(survivor, safe='')}")
    found = context.of_customer(view.connection, view.call, customer_id, _RELEVANT)
    if found is None:
        raise not_found()
    view.log(context.reads(found), "customer context", "service")
    points = contact_points.points(view.deps).of_customer(
        view.connection, view.tenant, customer_id, view.now
    )
    view.log(contact_points.reads(customer_id, points), "contact points", "service")
    contracts = subjects.contracts_of(view.connection, view.tenant, customer_id)
    view.load_names(
        [_subject(row) for row in contracts] + [item.subject for item in found.relevant]
    )
    sent = (
        contact_flow.list_(view.connection, view.tenant, customer=customer_id, limit=_CONTACTS)
        if view.may(Scope.CONTACTS_READ)
        else []
    )
    view.log(of_rows(sent, "contact", "contact_id"), "contacts", "contacts")
    return view.page(
        "customer.html",
        points=points,
        next_action=next_actions.of_customer(view, customer_id),
        case_types=case_steps.types_for(view) if view.may(Scope.CASES_WRITE) else [],
        sides=() if view.caller.side else ("insurer", "utility"),
        point_kinds=tuple(PointKind),
        context=found,
        anomalies=_anomalies(view, found),
        contracts=[{**row, "subject": _subject(row)} for row in contracts],
        purposes=PURPOSES,
        merges=[
            one
            for one in merges.history(view.connection, view.tenant, customer_id)
            if one.split_at is None
        ],
        attributes=attributes.of_customer(view.connection, view.tenant, customer_id),
        contacts=sent,
    )


def judge(view: View) -> Response:
    """POST /customers/{customer}/feedback: an item of the context was useful, or was not."""
    customer_id = view.request.path_params["customer"]
    reaction = view.form.get("reaction", "")
    if reaction not in (Reaction.USED, Reaction.DISMISSED):
        raise not_found()
    customer_context.feedback(
        view.connection, view.tenant, customer_id, view.form.get("kind", "")[:16],
        view.form.get("id", "")[:64], Reaction(reaction), view.caller.name, view.now_us,
    )  # fmt: skip
    return view.go(f"/customers/{quote(customer_id, safe='')}", "feedback_recorded")


def _anomalies(view: View, found: context.CustomerContext) -> dict[str, str]:
    """Return alert id → kind, whose text the pages have in both languages."""
    read = (
        alert_flow.visible(view.connection, view.tenant, id_)
        for kind, id_ in context.items(found)
        if kind == "alert"
    )
    return {row["alert_id"]: row["kind"] for row in read if row is not None}


def record_point(view: View) -> Response:
    """POST /customers/{customer}: record a number or address, or end one."""
    customer_id = view.request.path_params["customer"]
    if subjects.customer(view.connection, view.tenant, customer_id) is None:
        raise not_found()
    points = contact_points.points(view.deps)
    path = f"/customers/{quote(customer_id, safe='')}"
    ended = view.form.get("end", "")[:64]
    if ended:
        points.end(view.connection, view.tenant, customer_id, ended, view.now_us)
        return view.go(path, "point_ended")
    kind = view.form.get("kind", "")
    if kind not in tuple(PointKind):
        raise not_found()
    new = NewPoint(
        view.tenant,
        customer_id,
        kind,
        view.form.get("value", "").replace("\x00", ""),
        preferred=view.form.get("preferred") == "1",
    )
    try:
        points.record(view.connection, new, view.caller.name, view.now_us)
    except NotUsable as error:
        raise invalid("body.value", str(error)) from None
    return view.go(path, "point_recorded")


def merge(view: View) -> Response:
    """POST /customers/{customer}/merge: merge another record into this customer, or split one."""
    customer_id = view.request.path_params["customer"]
    other = view.form.get("other", "").strip()[:64]
    reason = view.form.get("reason", "").strip()[:500]
    path = f"/customers/{quote(customer_id, safe='')}"
    if len(reason) < _FEWEST_CHARACTERS:
        raise invalid("body.reason", f"expected at least {_FEWEST_CHARACTERS} characters")
    by, read = view.caller.name, of_customers([customer_id, other])
    if view.form.get("action") == "split":
        if merges.survivor_of(view.connection, view.tenant, other) != customer_id:
            raise not_found()
        merging.split(view.connection, view.tenant, other, reason, by, view.now_us)
        view.log(read, "split", "service")
        return view.go(path, "split")
    second = matching.Second(
        view.caller.actor, matching.four_eyes_below(view.deps.settings, view.tenant)
    )
    matching.approve(view.connection, view.tenant, other, customer_id, second, view.now_us)
    merging.merge(view.connection, view.tenant, other, customer_id, reason, by, view.now_us)
    view.log(read, "merge", "service")
    return view.go(path, "merged")


_FEWEST_CHARACTERS = 3
"""Of a reason."""


def _subject(contract: dict[str, Any]) -> str:
    if contract["vehicle"] is not None:
        return f"vehicle:{contract['vehicle']}"
    return f"meter:{contract['meter']}"


def own(view: View) -> Response:
    """GET /me: what is stored, for which purposes, and who read it."""
    customer_id = str(view.caller.customer)
    after = cursor(view, "read_days", paging.day, paging.text, paging.text)
    person = subjects.customer(view.connection, view.tenant, customer_id)
    if person is None:
        raise not_found()
    contracts = subjects.contracts_of(view.connection, view.tenant, customer_id)
    view.load_names(_subject(row) for row in contracts)
    consents = consent.of_customer(view.connection, view.tenant, customer_id, view.now_us)
    found = read_log.days_of_customer(
        view.connection,
        view.tenant,
        customer_id,
        view.timezone,
        after=None if after is None else (after[0], after[1], after[2]),
        limit=_READS + 1,
        own=False,
    )
    reads, next_ = one_page(found, "read_days", "day", "role", "reader", size=_READS)
    return view.page(
        "me.html",
        person=person,
        contracts=[{**row, "subject": _subject(row)} for row in contracts],
        devices=subjects.devices_of(view.connection, view.tenant, customer_id),
        points=contact_points.points(view.deps).of_customer(
            view.connection, view.tenant, customer_id, view.now
        ),
        **_rights(view, customer_id),
        purposes=PURPOSES,
        granted=consents.granted,
        waiting=consent.waiting(view.connection, view.tenant, customer_id, view.now_us),
        partners=partners.of_customer(view.connection, view.tenant, customer_id, view.now_us),
        partner_purposes=tuple(Purpose),
        choices=preferences.of_customer(
            view.connection, view.tenant, customer_id, configured(view.deps.settings), view.now_us
        ),
        ledger=consents.ledger[::-1],
        contacts=[
            row
            for row in contact_flow.list_(
                view.connection,
                view.tenant,
                reader=customer_id,
                customer=customer_id,
                limit=_CONTACTS,
            )
            if row["channel"] in TO_CUSTOMER
        ],
        reads=reads,
        next=next_,
    )


def choose_channel(view: View) -> Response:
    """POST /me/channels: the channel of a matter, from now on."""
    matter, channel = view.form.get("matter", ""), view.form.get("channel") or None
    if matter not in tuple(Matter) or (channel is not None and channel not in TO_CUSTOMER):
        raise not_found()
    preferences.choose(
        view.connection, view.tenant, str(view.caller.customer), matter, channel, "page",
        view.now_us,
    )  # fmt: skip
    return view.go("/me", "channel_chosen")


def _rights(view: View, customer_id: str) -> dict[str, Any]:
    rights = resources_of_rights.rights(view.deps)
    found = rights.of_customer(view.connection, view.tenant, customer_id, view.now_us)
    return {
        "requests": found,
        "rights": [right for right in Right if right not in {r.right for r in found if r.open}],
        "limits": rights.limits_of(view.connection, view.tenant, customer_id),
    }


def receipt(view: View) -> Response:
    """GET /me/consents/{consent}/receipt: the signed receipt of a decision, as a file to keep."""
    text = view.request.path_params["consent"]
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        raise not_found()
    found = consent_receipt.issue(
        view.connection, view.deps.box, view.tenant, str(view.caller.customer), int(text),
        view.now_us, view.deps.settings.api_base_url,
    )  # fmt: skip
    return Response(
        json.dumps(asdict(found), ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="receipt-{int(text)}.json"'},
    )


def decide(view: View) -> Response:
    """POST /me/consents: grant or withdraw a purpose, with immediate effect."""
    purpose, state = view.form.get("purpose"), view.form.get("state")
    channel = view.form.get("channel")
    if purpose not in PURPOSES or state not in (consent.GRANTED, consent.WITHDRAWN):
        raise not_found()
    if channel is not None and (channel not in TO_CUSTOMER or purpose not in tuple(Purpose)):
        raise not_found()
    customer_id = str(view.caller.customer)
    after = consent.decide(
        view.connection,
        view.tenant,
        customer_id,
        purpose,
        state,
        view.now_us,
        notice_version=NOTICE,
        source="portal",
        method=Method.PAGE,
        verified=_is_verified(view, customer_id, purpose),
        terms=terms_of(view.deps.settings),
        limits={**_notice(view, purpose), "channel": channel},
    )
    pending = state == consent.GRANTED and channel is None and purpose not in after.granted
    return view.go(
        "/me" if channel is None else "/me/consents",
        "consent_pending" if pending else f"consent_{state}",
    )


def _is_verified(view: View, customer_id: str, purpose: str) -> bool:
    """Return whether nothing speaks against the address that a channel's messages go to."""
    address = consent_links.address_of(view.connection, view.tenant, customer_id, OPT_IN, purpose)
    if address is None:
        return True
    points = contact_points.points(view.deps)
    return not points.is_doubted(view.connection, view.tenant, customer_id, address, view.now)


def _notice(view: View, purpose: str) -> dict[str, str]:
    """Store the text that the page shows of a purpose; return its digest and language."""
    t = Texts(view.language)
    texts = [t.of(f"consent.{name}", purpose) for name in ("purpose", "purpose_text")]
    digest = consent_ledger.add_notice(
        view.connection, view.tenant, NOTICE, view.language, "\n\n".join(texts), view.now
    )
    return {"notice_digest": digest, "language": view.language}


def decide_partner(view: View) -> Response:
    """POST /me/partners: grant a purpose to a partner until a day, or end a grant."""
    purpose, partner = view.form.get("purpose", ""), view.form.get("partner", "")[:64]
    if purpose not in tuple(Purpose):
        raise not_found()
    said = {"notice_version": NOTICE, "source": "portal", "method": Method.PAGE}
    customer_id, now_us = str(view.caller.customer), view.now_us
    if view.form.get("action") == "end":
        partners.end(view.connection, view.tenant, customer_id, partner, purpose, now_us, **said)
        return view.go("/me", "grant_ended")
    try:
        day = date.fromisoformat(view.form.get("until", ""))
        until = datetime.combine(day, time(23, 59), ZoneInfo(view.timezone))
    except ValueError:
        raise invalid("body.until", "expected a day") from None
    partners.grant(
        view.connection, view.tenant, customer_id, partner, purpose, until, now_us, **said
    )
    return view.go("/me", "partner_granted")
