"""Dependencies that all endpoints share."""

from dataclasses import dataclass

from api.http.changes import Changes
from api.http.oidc import Provider
from api.http.ratelimit import FailureLimit, RateLimit
from api.http.site import Site
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.secret_box import SecretBox
from runtime.settings import Settings
from store.postgres.pool import Pool


@dataclass(frozen=True, slots=True)
class Deps:
    """Created once per process (`api.serve.open_deps`), kept in `app.state.deps`.

    pool : connections to the store; changes : notifications for pages and streams;
    box : seals and opens stored secrets; provider : of OpenID, None = not set.
    """

    pool: Pool
    settings: Settings
    clock: Clock
    metrics: Metrics
    changes: Changes
    rate: RateLimit
    failures: FailureLimit
    site: Site
    box: SecretBox
    provider: Provider | None
