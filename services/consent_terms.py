"""Terms of consents that settings decide: how long requests and consents count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.channels import PURPOSES
from contracts.purposes import LegalBasis
from runtime.errors import Usage
from runtime.settings import Settings, pairs_of


@dataclass(frozen=True, slots=True)
class Terms:
    """request : how long a link confirms; renewal : how long before its end a customer is reminded,
    zero = never; max_age : purpose → after which a consent ends."""

    request: timedelta = timedelta(hours=72)
    renewal: timedelta = timedelta(days=30)
    max_age: Mapping[str, timedelta] = field(default_factory=dict)

    def end_of(
        self, purpose: str, legal_basis: str, begin: datetime, valid_to: datetime | None
    ) -> datetime | None:
        """Return until when a grant counts: as was said, but not longer than its purpose may.

        What rests on a contract or a law ends with that.
        """
        age = self.max_age.get(purpose)
        if age is None or legal_basis != LegalBasis.CONSENT:
            return valid_to
        return begin + age if valid_to is None else min(valid_to, begin + age)


def terms_of(settings: Settings) -> Terms:
    """Return the terms that settings say. Raises `Usage` for an unknown purpose."""
    max_age = {}
    for purpose, days in pairs_of(settings.consent_max_age_days).items():
        if purpose not in PURPOSES:
            raise Usage(f"consent_max_age_days: {purpose!r} is none of {', '.join(PURPOSES)}")
        max_age[purpose] = timedelta(days=int(days))
    return Terms(
        timedelta(hours=settings.consent_request_h),
        timedelta(days=settings.consent_renewal_days),
        max_age,
    )
