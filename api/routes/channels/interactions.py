"""Other systems report interactions: one, or many as NDJSON."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Response
from pydantic import Field, ValidationError

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.edge import NDJSON
from api.http.problems import Problem
from api.http.scopes import Scope
from api.resources.interactions import InteractionEvent, why_invalid
from api.resources.subjects import invalid
from services import interactions
from services.interactions import Answer, NewInteraction, Outcome

router = APIRouter(prefix="/v1/interactions", tags=["interactions"])

MAX_LINES = 1000


class InteractionRecorded(Shape):
    """The interaction is recorded. outcome : `duplicate` = it was before."""

    id: str
    outcome: Literal["recorded", "duplicate"]


class LineAnswer(Shape):
    """What became of one line."""

    line: int = Field(ge=1)
    outcome: Literal[
        "recorded", "duplicate", "id_reused", "unknown_customer", "in_the_future", "invalid"
    ]
    id: str | None = Field(default=None, description="Null where it is refused.")
    detail: str | None = Field(default=None, description="Why it is refused.")


class LineAnswers(Shape):
    """An answer for each line that is not empty, in order."""

    data: list[LineAnswer]
    recorded: int
    duplicates: int
    refused: int


_WHY = {
    Outcome.ID_REUSED: "`source` and `id` were used for another content",
    Outcome.UNKNOWN_CUSTOMER: "there is no such customer",
    Outcome.IN_THE_FUTURE: "`time` is more than five minutes ahead of our clock",
}


@router.post("", status_code=201, responses={201: {"model": InteractionRecorded}})
def report_interaction(
    call: Annotated[Call, needs(Scope.INTERACTIONS_WRITE)], body: InteractionEvent
) -> Response:
    """Report one interaction. `source` and `id` make a repetition harmless: it needs no
    Idempotency-Key."""
    with call.connection() as connection:
        (answer,) = interactions.record(
            connection,
            call.deps.box,
            call.caller.tenant,
            [body.reported()],
            call.caller.name,
            call.now_us,
        )
    if answer.outcome is Outcome.ID_REUSED:
        raise Problem(
            409,
            "id_reused",
            f"{_WHY[answer.outcome]}.",
            "Give each interaction an `id` of its own within its `source`.",
        )
    if answer.id is None:
        field = "body.time" if answer.outcome is Outcome.IN_THE_FUTURE else "body.customer"
        raise invalid(field, _WHY[answer.outcome])
    return json(InteractionRecorded(id=answer.id, outcome=answer.outcome.value), 201)  # type: ignore[arg-type]  # one of these two


@router.post("/bulk", responses={200: {"model": LineAnswers}})
def report_interactions(
    call: Annotated[Call, needs(Scope.INTERACTIONS_WRITE)],
    body: Annotated[
        bytes,
        Body(
            media_type=NDJSON,
            description="One InteractionEvent a line, at most 1,000 lines and 2 MiB.",
        ),
    ],
) -> Response:
    """Report many interactions, one a line. Each line is answered; a line that is refused keeps no
    other from being recorded. Repeat the request as it is after a failure."""
    lines = [(n, text) for n, text in enumerate(body.split(b"\n"), start=1) if text.strip()]
    if len(lines) > MAX_LINES:
        raise invalid("body", f"{len(lines)} lines; {MAX_LINES} is the most")
    usable: dict[int, NewInteraction] = {}
    answers: dict[int, LineAnswer] = {}
    for number, text in lines:
        try:
            usable[number] = InteractionEvent.model_validate_json(text).reported()
        except ValidationError as error:
            answers[number] = LineAnswer(line=number, outcome="invalid", detail=why_invalid(error))
    with call.connection() as connection:
        found = interactions.record(
            connection,
            call.deps.box,
            call.caller.tenant,
            list(usable.values()),
            call.caller.name,
            call.now_us,
        )
    answers |= {number: _line(number, answer) for number, answer in zip(usable, found, strict=True)}
    data = [answers[number] for number, _ in lines]
    recorded = sum(one.outcome == "recorded" for one in data)
    duplicates = sum(one.outcome == "duplicate" for one in data)
    return json(
        LineAnswers(
            data=data,
            recorded=recorded,
            duplicates=duplicates,
            refused=len(data) - recorded - duplicates,
        )
    )


def _line(number: int, answer: Answer) -> LineAnswer:
    return LineAnswer(
        line=number,
        outcome=answer.outcome.value,
        id=answer.id,
        detail=_WHY.get(answer.outcome),
    )
