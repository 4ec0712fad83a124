"""Rules that change without code: case types, playbooks, actions; their versions and texts.

What is recorded here comes into force by `POST /v1/approvals` with its `approval`, a second person,
and `POST /v1/approvals/{request_id}/activate` (docs/rules.md).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.problems import not_found
from api.http.scopes import Scope
from contracts.approvals import ACTIVATE, RuleName
from services import rule_kinds, rule_versions
from services.rule_versions import RuleKind
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/rules", tags=["approvals"])

Kind = Annotated[RuleName, Path(description="Kind of the rule.")]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="Of a version's text.")]


class NewRule(Shape):
    """A version of a rule as YAML: a case type has `stages`, a playbook `trigger`, actions
    `groups`."""

    text: str = Field(min_length=1, max_length=100_000)


class RuleApproval(Shape):
    """What `POST /v1/approvals` takes to bring the version into force; add a reason."""

    kind: str
    subject: str


class RuleVersion(Shape):
    """A version of a rule. recorded_at : null for one of a file."""

    kind: RuleName
    id: str
    version: int
    digest: str = Field(description="SHA-256 of the text.")
    in_force: bool = Field(description="New matters follow it.")
    recorded_at: datetime | None
    recorded_by: str
    approval: RuleApproval


class RuleText(RuleVersion):
    """A version with its text, and what it changes of the version in force."""

    text: str
    difference: str = Field(description="Unified difference; empty for the version in force.")


class Rules(Shape):
    """Versions of rules."""

    data: list[RuleVersion]


@router.get("", responses={200: {"model": Rules}})
def list_rules(
    call: Annotated[Call, needs(Scope.APPROVALS_READ)],
    kind: Annotated[RuleName | None, Query(description="Only rules of this kind.")] = None,
) -> Response:
    """All rules with their versions: those of files, and those recorded by the tenant."""
    kinds = rule_kinds.KINDS if kind is None else {kind: rule_kinds.KINDS[kind]}
    with call.connection() as connection:
        rows = [
            _version(of_kind, row)
            for of_kind in kinds.values()
            for row in rule_versions.versions(connection, call.caller.tenant, of_kind)
        ]
    return json(Rules.model_validate({"data": rows}))


@router.post("", status_code=201, responses={201: {"model": RuleVersion}})
def record_rule(
    request: Request,
    call: Annotated[Call, needs(Scope.APPROVALS_WRITE)],
    body: NewRule,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Check and record a version of a rule. It is not in force yet."""

    def work(connection: Connection) -> Response:
        kind, tenant = rule_kinds.kind_of_text(body.text), call.caller.tenant
        made = rule_versions.record(
            connection, tenant, kind, body.text, call.caller.name, call.now_us
        )
        row = _find(connection, tenant, kind, made.digest)
        return json(RuleVersion.model_validate(_version(kind, row)), 201)

    return once(request, call, idempotency_key, body, work)


@router.get("/{rule_kind}/{digest}", responses={200: {"model": RuleText}})
def get_rule(
    call: Annotated[Call, needs(Scope.APPROVALS_READ)], rule_kind: Kind, digest: Digest
) -> Response:
    """The text of a version, and what it changes of the one in force."""
    kind, tenant = rule_kinds.KINDS[rule_kind], call.caller.tenant
    with call.connection() as connection:
        row = _find(connection, tenant, kind, digest)
        compared = rule_versions.compared(connection, tenant, kind, digest)
    found = {**_version(kind, row), "text": compared["text"], "difference": compared["difference"]}
    return json(RuleText.model_validate(found))


def _find(
    connection: Connection, tenant: str, kind: RuleKind[Any], digest: str
) -> Mapping[str, Any]:
    for row in rule_versions.versions(connection, tenant, kind):
        if row["digest"] == digest:
            return row
    raise not_found()


def _version(kind: RuleKind[Any], row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind.name,
        "id": row["rule_id"],
        "version": row["version"],
        "digest": row["digest"],
        "in_force": row["in_force"],
        "recorded_at": row["recorded_at"],
        "recorded_by": row["recorded_by"],
        "approval": {"kind": ACTIVATE[kind.name], "subject": f"{kind.name}:{row['digest']}"},
    }
