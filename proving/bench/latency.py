"""`tachowatt bench latency`: from publishing the message that decides a crash until the insurer has
the signed webhook, while the whole service is under load."""

from typing import Any

from proving.bench import drain
from proving.bench.stage import Plan, quantiles, stage
from runtime.clock import Clock
from runtime.settings import Settings

_PROMISED_P99_S = 1.0


def run(settings: Settings, clock: Clock, plan: Plan, progress: drain.Progress) -> dict[str, Any]:
    """Measure; `problems` of the answer lists every failure."""
    with stage(settings, clock, plan, progress) as on:
        progress("under load", 0, 1)
        sent = on.load()
        on.committed(sent.messages)
        took = [took_s for _, took_s in on.latencies(sent).values()]
        found = on.answer(plan, sent, len(took)) | {"latency_ms": quantiles(took)}
        on.service.stop()
        found = on.proven(plan, found, progress)
    p99 = found["latency_ms"]["p99"]
    if p99 is not None and p99 >= 1_000 * _PROMISED_P99_S:
        found["problems"].append(f"p99 is {p99} ms")
    return found
