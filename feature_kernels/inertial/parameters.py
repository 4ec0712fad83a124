"""Every threshold of the inertial kernels, with its source.

Sources are in `docs/field/driving.md` unless named otherwise. What a car can do bounds most values.
"""

from typing import NamedTuple

ALIGNMENT_VERSION = "alignment/3"
"""Rises when the same recording gives other axes, manoeuvres or speeds (decision 84)."""


class Parameters(NamedTuple):
    """Thresholds as floats; units stand in the names. Choices of ours say *own*."""

    # Preparation
    grid_s: float = 0.1  # all is judged on this grid: manoeuvres last 0.5 s and longer; own
    gap_s: float = 2.0  # over a longer silence the heading is lost; own
    smooth_s: float = 0.2  # time constant, both ways: cuts vibration above ~1 Hz; own
    baseline_s: float = 20.0  # slower is tilt, slope and drift of the fusion; own
    gravity_mps2: float = 5.0  # a mean above is specific force, one below has lost gravity; own
    earth_tilt_deg: float = 8.0  # an earth frame's mean lies so near to its z axis: errors of a
    # fused attitude are 2-5 degrees, a mean slope 3 at most; own
    # Heading
    heading_s: float = 45.0  # time constant, both ways: a window of one to two minutes (traps seen)
    band_s: float = 3.0  # turns are compared in what is faster: fused acceleration lacks the rest
    block_s: float = 5.0  # evidence is judged block by block, without the neighbours; own
    heading_confidence: float = 0.5  # share of the turns that agree with the others; own
    turn_radps: float = 0.03  # mean rate of a recording with turns to align by; own: a bend of
    # 500 m at 54 km/h
    # Speed and course of a receiver
    repeat_kmh: float = 10.0  # a moving car's fix cannot stay; as frozen_kmh of the driving kernel
    repeat_s: float = 30.0  # ... a longer run may be a car that stands; as bridge_s there
    leap_m: float = 30.0  # a repeated place that is left by more was an old one; chord_slack_m
    leap_mps2: float = 10.0  # ... and by more than a car comes from a stand; own: beyond tyres
    even_s: float = 1.5  # speeds further apart are never averaged; own
    held_share: float = 0.3  # so many equal neighbours are a slower speed that is held; own
    window_s: float = 0.9  # acceleration is a difference over this, as in the driving kernel
    noise_mps2: float = 0.12  # ... with so little noise speeds stay as they are: a tenth of what
    # lies between an ordinary acceleration (1.0 m/s2) and a harsh one; own
    course_mps2: float = 0.8  # most noise of acceleration across by places; own: three times that
    # is less than harsh, and courses are steadied
    steady_least_s: float = 0.5  # a line is fitted over so much on each side: harsh brakings last
    # a second and more; own
    steady_s: float = 2.5  # ... and over so much at most: manoeuvres last 5 s; own
    steady_sure: float = 1.0  # ... while it agrees within so many deviations: wider ones blur
    # brakings of 2 s in speeds a second apart; own
    # Speed beside the accelerometer
    speed_smooth_s: float = 0.7  # time constant, both ways, of speed and course: GNSS at 1 Hz; own
    speed_gap_s: float = 3.0  # between speeds further apart nothing is known; own
    sparse_s: float = 1.5  # speeds whose usual step is longer are sparse: between two of them the
    # mean acceleration alone is known, and all is compared over means of that length; own
    sparse_steps: float = 2.5  # ... one of them may be lost
    sparse_most_s: float = 12.0  # ... further apart nothing is: gravity is a mean over 20 s; own
    sparse_band: float = 2.0  # ... steps that a block and the slowest change have at least; own
    bridge_s: float = 120.0  # a longer silence of speed is not bridged by acceleration; own: a
    # tilt that drifts by 0.5 degrees (0.09 m/s2) makes an error of 1.3 m/s in it
    bridge_mps2: float = 1.0  # ... nor one over which it would be so wrong; own
    course_kmh: float = 15.0  # slower, a GNSS course is noise; own (Zendrive 18 km/h)
    course_radps: float = 1.0  # a car turns no faster at that speed: 0.4 g at 15 km/h; own
    align_least_s: float = 20.0  # a stretch with less of speed is not aligned; own
    mounted_s: float = 60.0  # time constant, both ways: a loose device slides; own
    moved_s: float = 8.0  # gravity before and after is a mean over this ...
    moved_deg: float = 20.0  # ... and differs by this where the device was turned: slope and
    # braking tilt a mean of 8 s by 10 degrees; own
    moved_sure_deg: float = 35.0  # ... surely by this: 0.7 g for 8 s is beyond a car on a road, and
    moved_long_s: float = 24.0  # ... by less if it lasts: a median over this forgets bends; own
    lag_least_s: float = -1.0  # speed is looked for so much earlier ...
    lag_most_s: float = 4.0  # ... and later than acceleration: GNSS lags 2 s (traps seen)
    lag_block_s: float = 60.0  # the axes may turn from one such block to the next; own
    complement_s: float = 5.0  # slower than this, speed and yaw say more than the accelerometer
    # does: 1 degree of tilt is 0.17 m/s2; own
    align_confidence: float = 0.6  # below, orientation-free measures are used; own
    sign_gain: float = 0.05  # the other sign must agree so much better; own
    # Lost low frequencies: time constants that are tried
    fusion_shortest_s: float = 0.5  # a high-pass of 0.3 Hz, as fusions have up to
    fusion_longest_s: float = 6.0
    fusion_band_s: float = 2.0  # ... corrected by changes slower than this, time constant both
    # ways: GNSS at 1 Hz keeps 0.9 of them; own
    fusion_gain: float = 0.02  # restored only if turns then agree so much better; own
    # Trips without speed
    vibration_mps2: float = 0.12  # deviation above 1 Hz of a rolling car's floor: 0.2-1.0, at
    # idle 0.02-0.1 (ISO 2631 surveys of cars); own
    rolling_radps: float = 0.05  # a car that turns rolls; own
    stop_s: float = 180.0  # Traccar: stop after 180 s
    min_trip_s: float = 60.0  # as feature_kernels.driving
    # Manoeuvres: thresholds as feature_kernels.driving
    acceleration_mps2: float = 2.0
    braking_mps2: float = 2.7
    cornering_mps2: float = 2.9
    lane_change_mps2: float = 2.0  # 2 pi w / T^2: a lane of 3.5 m in 3.3 s; usual ones take 4.6 s
    # (Toledo and Zohar 2007: mean of observed ones), 1 m/s2
    lane_change_s: float = 5.0  # both halves within; own
    lane_change_least_s: float = 2.0  # none takes less: 3.5 m in 2 s need 5.5 m/s2 of the tyres,
    # which do not change sides so fast; own. A shorter swing is corrected as if it took so long
    lane_change_deg: float = 20.0  # the heading returns to within this; own
    lane_change_swing_deg: float = 2.0  # ... after having left it by this: 3.5 m at 100 km/h in
    # 3 s are 4 degrees; own
    lane_change_balance: float = 0.5  # the weaker half is at least this share of the other; own
    bend_s: float = 1.0  # a bend's own acceleration is a mean over this before and after; own
    turn_deg: float = 30.0  # Zendrive: a turn is more than 30 degrees
    severity2_ratio: float = 1.35
    severity3_ratio: float = 1.75
    long_event_s: float = 3.0
    min_event_s: float = 0.5
    merge_s: float = 1.0  # pulses closer than this are one event; own
    release_ratio: float = 0.5  # an event goes on above this share of its threshold; own
    rebound_s: float = 2.0  # fused acceleration rebounds within (traps seen)
    # Phone in the hand
    handling_radps: float = 0.8  # tilting: a car's body pitches and rolls below 0.35 rad/s; own
    handling_s: float = 0.5
    handling_merge_s: float = 5.0


DEFAULTS = Parameters()
