"""Dependencies that all endpoints share."""

from dataclasses import dataclass

from api.http.changes import Changes
from api.http.ratelimit import FailureLimit, RateLimit
from api.http.site import Site
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.postgres.pool import Pool


@dataclass(frozen=True, slots=True)
class Deps:
    """Created once per process (`api.serve.open_deps`), kept in `app.state.deps`.

    pool : connections to the store; changes : notifications for pages and streams.
    """

    pool: Pool
    settings: Settings
    clock: Clock
    metrics: Metrics
    changes: Changes
    rate: RateLimit
    failures: FailureLimit
    site: Site
