"""The claim of a crash: what is known and who said it, signed, for the insurer.

Telemetry is in it only while the customer grants its purpose. Photos are named by their SHA-256.
The contacts process signs it, completes the step of the case and plans one webhook for each
receiver, in one transaction.
"""

import hashlib
import logging
import math
from collections.abc import Mapping
from typing import Any

from contracts.contacts import ClaimFiled, ClaimFiledData, contact_id
from contracts.purposes import KeyUse
from customer_context.cases.case_state import State, What
from runtime.errors import NotAllowed, NotFound
from runtime.secret_box import SecretBox
from services import case_files, case_flow, case_record, case_steps, case_texts, signing
from services.visibility import TYPED
from store.casework import case_notices, cases, claim_files, contacts, receivers
from store.casework.contacts import NewContact
from store.people import consent_chain
from store.postgres.pool import Connection
from store.postgres.times import from_us

log = logging.getLogger("services.claim_file")

ACTION = "send-claim"
"""The action of the automatic step that hands a claim over."""
KIND = "claim+jws"
"""`typ` of a claim (RFC 7515, 4.1.9)."""
BATCH = 20
_AGAIN_US = 60_000_000
_STANDSTILL_KMH = 5.0


def build(connection: Connection, tenant: str, case_id: str, now_us: int) -> dict[str, Any]:
    """Return a claim as JSON. Raises `NotFound`, also for a case without a type or withdrawn."""
    case = case_flow.visible(connection, tenant, None, case_id)
    plan = case_steps.plan_of(connection, tenant, case_id)
    if case is None or plan is None or case["withdrawn"] is not None:
        raise NotFound(f"there is no claim of case {case_id!r}")
    record = case_record.of_case(connection, case)
    signal = case_flow.signal_of(connection, case)
    fields = plan.type.fields()
    return {
        "case": case_id,
        "tenant": tenant,
        "type": {"id": plan.type.id, "version": plan.type.spec.version, "sha256": plan.type.digest},
        "iat": now_us // 1_000_000,
        "opened_at": case["opened_at"].isoformat(),
        "customer": case["customer"],
        "subject": case["subject"],
        "contract": record["contract"],
        "evidence": None if signal is None else evidence(signal["id"], signal["data"]),
        "statements": [
            {"field": name, "label": fields[name].label.model_dump(), "value": value}
            for name, value in plan.state.data.items()
            if name in fields
        ],
        "photos": [
            {
                "id": file["file_id"],
                "step": file["step"],
                "added_at": file["added_at"].isoformat(),
                "by": file["author"],
                "sha256": bytes(file["digest"]).hex(),
            }
            for file in case_files.of_case(connection, tenant, case_id)
        ],
        "events": [
            {
                "at": event["at"].isoformat(),
                "by": event["author"],
                "what": event["what"],
                "step": event["item"],
            }
            for event in plan.events
        ],
    }


def evidence(signal_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the telemetry says of a crash, and why it has its severity.

    data : of vehicle.crash. Values: m/s² and km/h, null = not measured.
    """
    before, change = _finite(data.get("speed_kmh")), _finite(data.get("delta_v_kmh"))
    peak = _finite(data.get("peak_mps2"))
    return {
        "signal": signal_id,
        "at": data.get("at"),
        "severity": data.get("severity"),
        "peak_mps2": peak,
        "speed_before_kmh": before,
        "delta_v_kmh": change,
        "explanation": {
            "de": _says(peak, before, change, _DE),
            "en": _says(peak, before, change, _EN),
        },
    }


_DE = ("Aufprall mit {peak:.0f} m/s²", "aus {before:.0f} km/h", "im Stand",
       "Geschwindigkeit änderte sich um {change:.0f} km/h", "Stärke nicht gemessen")  # fmt: skip
_EN = ("impact of {peak:.0f} m/s²", "at {before:.0f} km/h", "while standing",
       "speed changed by {change:.0f} km/h", "strength not measured")  # fmt: skip


def _says(
    peak: float | None, before: float | None, change: float | None, texts: tuple[str, ...]
) -> str:
    parts = [texts[4] if peak is None else texts[0].format(peak=peak)]
    if before is not None:
        parts.append(texts[2] if before < _STANDSTILL_KMH else texts[1].format(before=before))
    if change is not None:
        parts.append(texts[3].format(change=abs(change)))
    return ", ".join(parts)


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def of_case(connection: Connection, tenant: str, case_id: str) -> dict[str, Any] | None:
    """Return a claim that was handed over: jws, digest, public_key, signed_at; else None."""
    return case_texts.claim(connection, tenant, case_id)


def run_due(connection: Connection, box: SecretBox, now_us: int) -> int:
    """Hand over the claims whose step has begun, in the caller's transaction; return how many.

    One that cannot be signed now is tried again in a minute.
    """
    rows = case_notices.due(connection, now_us, BATCH, run=True)
    for row in rows:
        try:
            with connection.transaction():
                _hand_over(connection, box, row["tenant"], row["case_id"], row["item"], now_us)
        except (NotFound, NotAllowed) as error:
            log.warning("the claim of case %s waits: %s", row["case_id"], error)
            case_notices.postpone(connection, row, now_us + _AGAIN_US)
            continue
        case_notices.done(connection, row, None, "", now_us)
    return len(rows)


def _hand_over(
    connection: Connection, box: SecretBox, tenant: str, case_id: str, item: str, now_us: int
) -> None:
    case = cases.lock(connection, tenant, case_id)
    plan = case_steps.plan_of(connection, tenant, case_id)
    if plan is None or plan.state.items[item].state != State.ACTIVE:
        return  # somebody has done it, or the case is over
    jws = signing.sign(
        connection, box, KeyUse.RECEIPT, KIND, build(connection, tenant, case_id, now_us)
    )
    digest = hashlib.sha256(jws.encode()).digest()
    keys = consent_chain.receipt_public_keys(connection)
    public = keys[signing.key_id_of(jws)]
    stored = case_texts.sealed_claim(connection, case, jws, now_us)
    if claim_files.put(connection, tenant, case_id, stored, digest, public, now_us):
        _announce(connection, case, digest, now_us)
    case_steps.act(connection, tenant, case_id, cases.AUTHOR, now_us, What.COMPLETE, item=item)


def _announce(connection: Connection, case: Mapping[str, Any], digest: bytes, now_us: int) -> None:
    """Plan a webhook for each of the insurer's receivers."""
    tenant, case_id = case["tenant"], case["case_id"]
    at = from_us(now_us).isoformat()
    body = ClaimFiled(
        type="claim.filed",
        timestamp=at,
        data=ClaimFiledData(
            case_id=case_id,
            customer=case["customer"],
            subject=case["subject"],
            signed_at=at,
            sha256=digest.hex(),
        ),
    )
    contacts.put(
        connection,
        [
            NewContact(
                contact_id(case_id, TYPED, "claim", receiver),
                tenant, case["customer"], "webhook", receiver, None, case["purpose"], "en",
                "claim.filed", "", "", body.model_dump(), False, None, None, TYPED, "claim",
                case_id, None,
            )
            for receiver in receivers.active(connection, [tenant]).get((tenant, "insurer"), [])
        ],
        now_us,
    )  # fmt: skip
