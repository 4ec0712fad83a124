"""The driver of a vehicle: said by somebody, never guessed."""

from enum import StrEnum


class Relation(StrEnum):
    """Who drives. Without a statement the driver is unknown."""

    OWNER = "owner"
    FAMILY = "family"
    FLEET = "fleet"
    UNKNOWN = "unknown"


class DriverSource(StrEnum):
    """Who said it."""

    CUSTOMER = "customer"
    FLEET_PLAN = "fleet_plan"
    DRIVER_TAG = "driver_tag"
    CORRECTION = "correction"
