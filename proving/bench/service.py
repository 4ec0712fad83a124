"""The service that `tachowatt bench drain` measures, in a separate process.

So its peak memory does not include that of the generator.
"""

import asyncio
import resource
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.metrics import Metrics
from runtime.settings import Settings

_LOOK_EVERY_S = 0.02
_END_WITHIN_S = 30.0
OVERHEAD = ("identify", "consent")
"""Steps that an engine without customers and consents would not have."""


def drain(
    settings: Settings,
    database_url: str,
    mqtt_url: str,
    messages: int,
    before: int,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Drain `messages` by gateway and ingest; return their time and memory.

    settings : `mqtt_client_id` is the session with the backlog. before : messages committed
    already. progress(done) : called periodically. Raises `Stop` if the service fails.
    """
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(
        target=_serve,
        args=(theirs, settings, database_url, mqtt_url, messages, before),
        name="bench-service",
        daemon=True,
    )
    process.start()
    theirs.close()
    try:
        while True:
            report = ours.recv()
            if isinstance(report, dict):
                return report
            progress(report)
    except EOFError:
        process.join(_END_WITHIN_S)
        raise Stop(
            f"the service ended before the backlog was drained (exit code {process.exitcode})"
        ) from None
    finally:
        ours.close()
        process.join(_END_WITHIN_S)
        if process.is_alive():
            process.kill()


def peak_memory_mib() -> float:
    """Return the peak resident memory of this process, MiB (Linux's VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise Stop("/proc/self/status has no VmHWM")


def seconds_per_step(metrics: Metrics) -> dict[str, float]:
    """Return the seconds that this process's batches spent in each step of ingest."""
    return {
        sample.labels["step"]: sample.value
        for sample in next(iter(metrics.step_seconds.collect())).samples
        if sample.name.endswith("_total")
    }


def processor_s() -> float:
    """Return the seconds of CPU that this process has used in all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_seconds_per_step(metrics: Metrics) -> dict[str, float]:
    """Return the seconds of CPU that this process's batches took in each step of ingest."""
    return {
        sample.labels["step"]: sample.value
        for sample in next(iter(metrics.step_cpu_seconds.collect())).samples
        if sample.name.endswith("_total")
    }


def cpu_figures(per_step: Mapping[str, float], whole_s: float) -> dict[str, Any]:
    """Return the share of each step in the CPU of a process, which took `whole_s` seconds of it.

    `other` is what belongs to no step: the gateway, and what is around the steps.
    `identify_and_consent` is what it costs to know whose a message is and whether it may be kept.
    """
    shares = {step: value / whole_s for step, value in per_step.items()}
    return {
        "cpu_s": round(whole_s, 2),
        "cpu_share_per_step": {
            **{step: round(share, 4) for step, share in shares.items()},
            "other": round(max(1.0 - sum(shares.values()), 0.0), 4),
        },
        "identify_and_consent": round(sum(shares.get(step, 0.0) for step in OVERHEAD), 4),
    }


def batches(metrics: Metrics) -> int:
    """Return the number of batches this process has committed."""
    return next(
        round(sample.value)
        for sample in next(iter(metrics.commit_seconds.collect())).samples
        if sample.name.endswith("_count")
    )


def _serve(
    pipe: Pipe, settings: Settings, database_url: str, mqtt_url: str, messages: int, before: int
) -> None:
    """Run the process: report progress through `pipe`, and finally its time and memory."""
    pipe.send(asyncio.run(_drain(pipe, settings, database_url, mqtt_url, messages, before)))


async def _drain(
    pipe: Pipe, settings: Settings, database_url: str, mqtt_url: str, messages: int, before: int
) -> dict[str, Any]:
    # Imported here, so that the parent process does not load them.
    from app.processes.lifecycle import spare_the_collector
    from app.processes.warm_up import warm_up
    from gateway.forward import Gateway
    from ingest.decoding.catalogue import ROUTER
    from ingest.logs.direct import DirectLog
    from ingest.partition.worker import Worker

    clock, metrics = SystemClock(), Metrics()
    log = DirectLog(Worker(database_url, settings, clock, metrics), metrics)
    stop = asyncio.Event()
    await asyncio.to_thread(warm_up)
    await log.start()
    spare_the_collector()
    gateway = Gateway(mqtt_url, log, ROUTER.subscriptions, settings, clock, metrics)
    idle_mib = peak_memory_mib()
    began, began_cpu_s = clock.monotonic(), processor_s()
    running = asyncio.create_task(gateway.run(stop))
    try:
        done = 0
        while done < messages:
            if running.done():
                running.result()
                raise Stop("the gateway ended before the backlog was drained")
            await asyncio.sleep(_LOOK_EVERY_S)
            done = log.committed - before
            pipe.send(done)  # fails, and so ends this process, if the parent has ended
        seconds, cpu_s = clock.monotonic() - began, processor_s() - began_cpu_s
    finally:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
        await log.close()
    steps = seconds_per_step(metrics)
    return {
        "log": "direct",
        "seconds": round(seconds, 2),
        "messages_per_s": round(messages / seconds),
        "service_peak_memory_mib": round(peak_memory_mib()),
        "service_idle_memory_mib": round(idle_mib),
        "share_per_step": {step: round(value / seconds, 3) for step, value in steps.items()},
        **cpu_figures(cpu_seconds_per_step(metrics), cpu_s),
    }
