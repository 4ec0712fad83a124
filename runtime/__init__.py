"""The ground of all packages, which imports none: clock, settings, errors, metrics, waiting."""
