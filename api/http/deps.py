"""What the API's parts share."""

from dataclasses import dataclass

from api.http.changes import Changes
from api.http.ratelimit import RateLimit
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.postgres.pool import Pool


@dataclass(frozen=True, slots=True)
class Deps:
    """Made once a process (`api.serve.open_deps`); the endpoints find it in `app.state.deps`.

    pool : connections to the store; changes : what pages and streams wake up on.
    """

    pool: Pool
    settings: Settings
    clock: Clock
    metrics: Metrics
    changes: Changes
    rate: RateLimit
