"""The channel that a customer has chosen for a matter, where they can be reached by it. Pure."""

from collections.abc import Collection, Mapping

from contracts.channels import CHANNELS


def usable(
    chosen: Mapping[str, str],
    granted: Collection[str],
    addresses: Mapping[str, str],
    channels: Collection[str],
) -> dict[str, str]:
    """Return matter → channel without those that cannot be used now: then no channel is preferred.

    granted : purposes in force; addresses : kind → address; channels : that are set up.
    """
    return {
        matter: channel
        for matter, channel in chosen.items()
        if channel in channels
        and (spec := CHANNELS.get(channel)) is not None
        and (spec.purpose is None or spec.purpose in granted)
        and (spec.address is None or spec.address in addresses)
    }
