"""What a store holds, as bytes to compare; without what `contacts` says of scores, which depends on
when it looked."""

import json

from ingest.kernels import KINDS
from store.pipeline import features, telemetry
from store.postgres.pool import connect
from store.signals import outbox


def store_state(url: str) -> dict[str, bytes]:
    """Samples, features and standing signals, without what may differ (time received, revision)."""
    found: dict[str, bytes] = {}
    with connect(url) as connection:
        for kind in KINDS.values():
            ids = telemetry.devices(connection, kind.samples)
            samples = telemetry.read(connection, kind.samples, ids)
            found[kind.samples.name] = (
                samples.device.tobytes() + samples.observed_us.tobytes() + samples.values.tobytes()
            )
            for table in kind.features:
                found[table.name] = features.select(connection, table).tobytes()
        found["signals"] = json.dumps(
            sorted(
                (s["id"], s["type"], s["subject"], s["time"].isoformat(), s["data"])
                for s in outbox.read(connection, limit=1_000_000)
                if not s["data"]["retracted"] and s["type"] != "score.changed"
            )
        ).encode()
    return found


def assert_same_state(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Compare, and say briefly what differs: whole stores are too long to print."""
    differences = []
    for name in sorted(found.keys() | expected.keys()):
        ours, theirs = found.get(name, b""), expected.get(name, b"")
        if ours == theirs:
            continue
        if name == "signals":
            ours_set, theirs_set = (
                {json.dumps(signal) for signal in json.loads(each or b"[]")}
                for each in (ours, theirs)
            )
            differences.append(f"signals only found: {sorted(ours_set - theirs_set)[:3]}")
            differences.append(f"signals only expected: {sorted(theirs_set - ours_set)[:3]}")
        else:
            first = next(
                (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), -1
            )
            differences.append(f"{name}: {len(ours)} B, expected {len(theirs)}; first at {first}")
    if differences:
        raise AssertionError("\n".join(differences))
