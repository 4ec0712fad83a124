"""`tachowatt bench soak`: the whole service under an even load for a long time. Memory, open files,
connections and latency must not grow."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from proving.bench import drain
from proving.bench.stage import Plan, Usage, quantiles, stage
from runtime.clock import Clock
from runtime.settings import Settings

_WARM_UP = 0.1
"""Share of the time that is excluded: caches fill, and kernels are loaded."""
_PARTS = 30
_MEMORY_MIB = 32.0
_LATENCY_RATIO = 1.5
_MORE_HELD = 8


def run(settings: Settings, clock: Clock, plan: Plan, progress: drain.Progress) -> dict[str, Any]:
    """Measure; `problems` of the answer lists every figure that was not flat."""
    with stage(settings, clock, plan, progress) as on:
        progress("under load", 0, _PARTS)
        watch = Watch(on.clock, on.usage, plan.seconds / _PARTS)

        def meanwhile() -> None:
            if watch():
                progress("under load", min(len(watch.seen), _PARTS), _PARTS)

        sent = on.load(meanwhile)
        watch.end()
        on.committed(sent.messages)
        crashed = [*on.latencies(sent).values()]
        found = on.answer(plan, sent, len(crashed))
        found |= {"latency_ms": quantiles([took_s for _, took_s in crashed])}
        on.service.stop()
        began_s = watch.began_s
        found["parts"] = [
            {
                "until_s": round(usage.at_s - began_s),
                "memory_mib": usage.memory_mib,
                "files": usage.files,
                "connections": usage.connections,
                **quantiles([took_s for at_s, took_s in crashed if before <= at_s < usage.at_s]),
            }
            for before, usage in zip(
                [began_s, *(u.at_s for u in watch.seen)], watch.seen, strict=False
            )
        ]
        found = on.proven(plan, found, progress)
    found["flat"], wrong = flat(found["parts"])
    found["problems"] += wrong
    return found


class Watch:
    """Samples the service at the end of each part, and once more when the load ends.

    Where sampling is slower than the parts, one sample ends several of them as one longer part.
    """

    def __init__(self, clock: Clock, usage: Callable[[], Usage], every_s: float) -> None:
        self.began_s = clock.monotonic()
        self.seen: list[Usage] = []
        self._clock, self._usage, self._every_s = clock, usage, every_s
        self._due_s = self.began_s + every_s

    def __call__(self) -> bool:
        """Take a sample if one is due; return whether it was."""
        now_s = self._clock.monotonic()
        if now_s < self._due_s:
            return False
        self.seen.append(self._usage())
        parts = int((now_s - self.began_s) / self._every_s) + 1
        self._due_s = self.began_s + parts * self._every_s
        return True

    def end(self) -> None:
        """Take the last sample; it replaces one that is less than half a part older."""
        last = self._usage()
        if self.seen and last.at_s - self.seen[-1].at_s < self._every_s / 2:
            self.seen.pop()
        self.seen.append(last)


def flat(parts: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Compare the first third after warming up with the last; return figures and problems."""
    warm = parts[round(_WARM_UP * len(parts)) :]
    third = max(1, len(warm) // 3)
    first, last = warm[:third], warm[-third:]

    def of(some: list[dict[str, Any]], name: str) -> float | None:
        values = [part[name] for part in some if part[name] is not None]
        return round(median(values), 1) if values else None

    found = {
        name: {"first": of(first, name), "last": of(last, name)}
        for name in ("memory_mib", "files", "connections", "p50", "p95")
    }
    wrong = []
    for name, most in (
        ("memory_mib", _MEMORY_MIB),
        ("files", _MORE_HELD),
        ("connections", _MORE_HELD),
    ):
        was, now = found[name]["first"], found[name]["last"]
        if was is None or now is None or now - was > most:
            wrong.append(f"{name} is not flat: {was} at first, {now} at last")
    was, now = found["p95"]["first"], found["p95"]["last"]
    if was is None or now is None or now > _LATENCY_RATIO * was:
        wrong.append(f"latency is not flat: p95 {was} ms at first, {now} ms at last")
    return found, wrong


def plot(found: dict[str, Any], path: Path) -> None:
    """Plot memory and latency over time as PNG."""
    import matplotlib as mpl

    from app.analysis.palette import ACCENT, FAINT
    from app.analysis.trip_plot import STYLE, new_figure, save

    minutes = [part["until_s"] / 60 for part in found["parts"]]
    with mpl.rc_context(STYLE):
        figure = new_figure(
            f"{found['reached_messages_per_s']:,} messages/s for {found['seconds'] / 60:.0f} min",
            "the service's memory, and the time from a crash to its webhook",
        )
        memory, latency = figure.subplots(2, 1, sharex=True)
        memory.plot(minutes, [part["memory_mib"] for part in found["parts"]], color=ACCENT)
        memory.set(ylabel="resident, MiB", ylim=(0, None))
        for name, colour in (("p50", FAINT), ("p95", ACCENT)):
            latency.plot(minutes, [part[name] for part in found["parts"]], color=colour, label=name)
        latency.set(ylabel="latency, ms", xlabel="minutes", ylim=(0, None))
        latency.legend(loc="upper right")
        figure.subplots_adjust(left=0.07, right=0.97, top=0.86, bottom=0.08)
        save(figure, path)
