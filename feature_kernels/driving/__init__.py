"""Driving: trips, harsh events, speeding, crash and score from samples of cars and phones."""

from feature_kernels.driving.carry import (
    CARRY_VERSION,
    CARRY_WIDTH,
    aligned,
    initial_carry,
    rejected,
)
from feature_kernels.driving.drive import COLUMNS, DriveResult, drive, finish
from feature_kernels.driving.parameters import DEFAULTS, Parameters
from feature_kernels.driving.rows import (
    END_REASONS,
    EVENT_DTYPE,
    EVENT_KINDS,
    NOT_SCORED,
    QUALITY_FLAGS,
    TRIP_DTYPE,
)
from feature_kernels.driving.score import (
    Component,
    Exposure,
    Score,
    Scores,
    in_horizon,
    score,
    score_many,
    score_of_sums,
)
from feature_kernels.driving.score_models import (
    ALGORITHM_VERSION,
    CURRENT,
    MODELS,
    Factor,
    Model,
)

__all__ = [
    "ALGORITHM_VERSION",
    "CARRY_VERSION",
    "CARRY_WIDTH",
    "COLUMNS",
    "CURRENT",
    "DEFAULTS",
    "END_REASONS",
    "EVENT_DTYPE",
    "EVENT_KINDS",
    "MODELS",
    "NOT_SCORED",
    "QUALITY_FLAGS",
    "TRIP_DTYPE",
    "Component",
    "DriveResult",
    "Exposure",
    "Factor",
    "Model",
    "Parameters",
    "Score",
    "Scores",
    "aligned",
    "drive",
    "finish",
    "in_horizon",
    "initial_carry",
    "rejected",
    "score",
    "score_many",
    "score_of_sums",
]
