"""The next best action: decide, explain, report what became of it; facts of other systems."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Instant, Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.paging import After, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from customer_context.contact_policy.policy import Outcome
from runtime.errors import NotFound
from services import actions, contact_policy, decisions, facts, outbound
from services.decisions import Made
from store.people import subjects
from store.people.read_log import ObjectRead, of_customers
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

router = APIRouter(prefix="/v1", tags=["decisions"])

_WHY = "service"
FactInput = bool | int | float | str
DecisionId = Annotated[str, Path(max_length=64)]


class DecisionRequest(Shape):
    """Who has come to us, and where it will be said."""

    customer: str = Field(min_length=1, max_length=64)
    place: Literal["agent", "portal"] = "agent"
    most: int = Field(default=1, ge=1, le=5, description="Winners at most.")
    language: Literal["de", "en"] | None = Field(
        default=None, description="Of the texts; null = the customer's."
    )
    with_: dict[str, FactInput | None] | None = Field(
        default=None,
        alias="with",
        max_length=50,
        description="What if: facts with another value, null = not known. Nothing is stored.",
    )
    dry_run: bool = Field(default=False, description="Nothing is stored.")
    explain: bool | None = Field(
        default=None,
        description="Whether the answer has all candidates; null = where nothing is stored.",
    )


class WinnerShape(Shape):
    """An action that won, with its sentence. priority : the product of the four factors."""

    action: str
    title: str
    issue: str
    group: str
    treatment: str
    channel: str
    rank: int = Field(description="From 1; 0 = it takes part in no arbitration.")
    subject: str | None
    text: str
    rests_on: str
    stop: str
    purpose: str | None
    case_type: str | None = Field(description="Opened where the customer accepts.")
    propensity: float
    context: float
    value: float
    weight: float
    priority: float


class TreatmentShape(Shape):
    """Why a treatment is open or not. reason : null = it is open."""

    treatment: str
    channel: str
    reason: str | None
    rule: str | None
    detail: str | None
    propensity: float | None = None
    context: float | None = None
    value: float | None = None
    weight: float | None = None
    priority: float | None = None


class CandidateShape(Shape):
    """Why an action won, lost or fell."""

    action: str
    issue: str
    group: str
    outcome: Literal["won", "lost", "fell"]
    rank: int | None
    stage: str | None = Field(
        description="Where it fell: validity, purpose, eligible, applicable, suitable, treatment, "
        "contact_policy or priority."
    )
    rule: str | None
    level: str | None
    detail: str | None
    known: FactInput | None = Field(description="The value of the fact; null = not known.")
    treatments: list[TreatmentShape]


class NextActionDecision(Shape):
    """A decision. id : null of a dry run; explanation : the path of all candidates of a stored
    one."""

    id: str | None
    customer: str
    place: str
    decided_at: datetime
    digest: str = Field(description="Of the actions that decided.")
    winners: list[WinnerShape]
    explanation: str | None
    candidates: list[CandidateShape] | None = Field(
        description="Why each action won, lost or fell; null = it was not asked for."
    )


class FactAt(Shape):
    """A value as it stood for a decision."""

    value: FactInput
    at: datetime
    confidence: float


class Explanation(Shape):
    """A stored decision, recomputed. recomputed : it gave the same, bit for bit."""

    id: str
    customer: str
    direction: str = Field(
        description="inbound = the customer came to us, outbound = we sent a message."
    )
    place: str = Field(description="agent or portal; of an outbound one the channel.")
    decided_at: datetime
    decided_by: str
    digest: str
    versions: dict[str, int]
    recomputed: bool
    facts: dict[str, FactAt]
    winners: list[WinnerShape]
    candidates: list[CandidateShape]


class OutcomeReport(Shape):
    """What became of an action that a decision chose."""

    decision: str = Field(min_length=1, max_length=64)
    action: str = Field(min_length=1, max_length=64)
    outcome: Outcome
    at: Instant | None = Field(default=None, description="Null = now.")


class OutcomeRecorded(Shape):
    """It is recorded. outcome : `duplicate` = it was before."""

    outcome: Literal["recorded", "duplicate"]
    case_id: str | None = Field(description="The case that an acceptance has opened.")


class ReportedFact(Shape):
    """A value that another system knows. at : when it was true, null = now."""

    value: FactInput
    at: Instant | None = None


class FactsReport(Shape):
    """Facts about a customer by name, as `GET /v1/facts` names them."""

    facts: dict[str, ReportedFact] = Field(min_length=1, max_length=50)


class FactsRecorded(Shape):
    """How many facts were reported."""

    recorded: int


@router.post("/decisions", responses={200: {"model": NextActionDecision}})
def decide_next_action(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)], body: DecisionRequest
) -> Response:
    """Decide what to say now to a customer who came to us. The same question about the same state
    in the same minute is the same decision: it needs no Idempotency-Key."""
    stored = not (body.dry_run or body.with_)
    with call.connection() as connection:
        rules = actions.in_force(connection, call.caller.tenant, call.deps.settings.actions_dir)
        made = decisions.make(
            connection,
            call.caller.tenant,
            body.customer,
            rules,
            place=body.place,
            by=call.caller.name,
            now_us=call.now_us,
            most=body.most,
            language=body.language,
            changed=body.with_,
            dry_run=body.dry_run,
            explained=not stored if body.explain is None else body.explain,
        )
        call.log(connection, of_customers([body.customer]), "decision", _WHY)
    return json(shape(made))


def shape(made: Made) -> NextActionDecision:
    """Return a decision as it is answered."""
    return NextActionDecision.model_validate(
        {
            "id": made.id,
            "customer": made.customer,
            "place": made.place,
            "decided_at": from_us(made.decided_at_us),
            "digest": made.digest,
            "winners": [_winner(one) for one in made.winners],
            "explanation": None if made.id is None else f"/v1/decisions/{made.id}",
            "candidates": made.candidates,
        }
    )


def _winner(one: dict[str, Any]) -> WinnerShape:
    return WinnerShape.model_validate({k: v for k, v in one.items() if k != "deliver_at_us"})


@router.get("/decisions/{decision_id}", responses={200: {"model": Explanation}})
def get_decision(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    decision_id: DecisionId,
    language: Annotated[Literal["de", "en"] | None, Query(description="Of the texts.")] = None,
) -> Response:
    """A decision with all candidates and why each won or fell, recomputed from what was stored."""
    with call.connection() as connection:
        try:
            found = decisions.explain(
                connection, call.caller.tenant, decision_id, language=language
            )
        except NotFound:
            raise not_found() from None
        reads = [ObjectRead(found["customer"], "decision", decision_id)]
        call.log(connection, reads, "decision", _WHY)
    found["winners"] = [_winner(one) for one in found["winners"]]
    found.pop("what_if")
    return json(Explanation.model_validate(found))


class PreviewMessage(Shape):
    """A message that would be sent. deliver_at : held by quiet hours until then."""

    action: str
    treatment: str
    channel: str
    deliver_at: datetime


class StoppedAction(Shape):
    """An action that applies to the customer, and yet would not be sent."""

    action: str
    stage: str = Field(description="treatment, contact_policy or priority.")
    rule: str
    detail: str


class OutboundPreview(Shape):
    """What an outbound decision about a customer would be now."""

    customer: str
    messages: list[PreviewMessage]
    reason: str | None = Field(
        description="Why there is no message: objection, nothing_applies, nothing_offered, or the "
        "stage at which the best action falls; null = there is one."
    )
    stopped: list[StoppedAction]


@router.get("/outbound-preview", responses={200: {"model": Page[OutboundPreview]}})
def list_outbound_previews(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Maximum rows per page.")] = 20,
) -> Response:
    """Whom outbound decisions would write to now, with what, and why not to the others. Nothing is
    stored or sent."""
    cursor = paging.decode("outbound", after, paging.text)
    rules = contact_policy.of(call.deps.settings)
    tenant = call.caller.tenant
    with call.connection() as connection:
        rows = subjects.listed_customers(
            connection, tenant, after=None if cursor is None else cursor[0], limit=limit + 1
        )
        shown, page = paging.cut(
            rows, limit, lambda row: paging.encode("outbound", row["customer"])
        )
        names = [row["customer"] for row in shown]
        found = outbound.preview(connection, tenant, names, rules, call.now_us)
        call.log(connection, of_customers(names), "decision", _WHY)
    data = [
        OutboundPreview(
            customer=one.customer,
            messages=[
                PreviewMessage(action=a, treatment=t, channel=c, deliver_at=from_us(at))
                for a, t, c, at in one.messages
            ],
            reason=one.reason or None,
            stopped=[
                StoppedAction(action=a, stage=s, rule=r, detail=d) for a, s, r, d in one.stopped
            ],
        )
        for one in found
    ]
    return json(Page[OutboundPreview](data=data, pagination=page))


@router.post("/outcomes", status_code=201, responses={201: {"model": OutcomeRecorded}})
def report_outcome(
    call: Annotated[Call, needs(Scope.INTERACTIONS_WRITE)], body: OutcomeReport
) -> Response:
    """Report what became of an action that a decision chose; each outcome counts once. An accepted
    action opens its case. A repetition is harmless: it needs no Idempotency-Key."""
    with call.connection() as connection:
        found = decisions.outcome(
            connection,
            call.caller.tenant,
            body.decision,
            body.action,
            body.outcome,
            at_us=call.now_us if body.at is None else to_us(body.at),
            by=call.caller.name,
            now_us=call.now_us,
        )
    outcome: Literal["recorded", "duplicate"] = "recorded" if found.new else "duplicate"
    return json(OutcomeRecorded(outcome=outcome, case_id=found.case_id), 201)


@router.post(
    "/customers/{customer_id}/facts", status_code=201, responses={201: {"model": FactsRecorded}}
)
def report_facts(
    request: Request,
    call: Annotated[Call, needs(Scope.REGISTRY_WRITE)],
    customer_id: Annotated[str, Path(max_length=64)],
    body: FactsReport,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Report facts that another system knows, such as the tariff; the newest of each name stays."""

    def work(connection: Connection) -> Response:
        given = [
            (name, one.value, call.now_us if one.at is None else to_us(one.at))
            for name, one in body.facts.items()
        ]
        facts.report(
            connection, call.caller.tenant, customer_id, given, call.caller.name, call.now_us
        )
        return json(FactsRecorded(recorded=len(given)), 201)

    return once(request, call, idempotency_key, body, work)
