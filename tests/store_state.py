"""What a store holds, as bytes to compare."""

from ingest.kernels import KINDS
from store import features, telemetry
from store.pool import connect


def store_state(url: str) -> dict[str, bytes]:
    """Samples and features as bytes, without what may differ (time received, revision)."""
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
    return found
