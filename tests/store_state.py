"""What a store holds, as bytes to compare; without what `contacts` says of scores, which depends on
when it looked."""

import json

from ingest.kernels import KINDS
from store import features, outbox, telemetry
from store.pool import connect


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
