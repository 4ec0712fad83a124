"""Every threshold of the driving kernels, with its source.

Sources are in `docs/field/driving.md` unless named otherwise.
"""

from typing import NamedTuple


class Parameters(NamedTuple):
    """Thresholds as floats; units stand in the names. Choices of ours say *own*."""

    # GNSS plausibility
    accuracy_limit_m: float = 100.0  # fixes worse than this are no evidence of a place; own
    jump_kmh: float = 250.0  # implied speed no car has; Traccar filters alike (maxSpeed)
    jump_slack_m: float = 50.0  # noise that is no jump: several times a usual accuracy; own
    jump_keep_s: float = 5.0  # a new place that lasts this long over 3 fixes is believed; own
    frozen_s: float = 5.0  # a fix identical for this long at speed is not usable; own
    frozen_kmh: float = 10.0  # ... where speed is above this; own
    # Speed and place bound one another
    outlier_ratio: float = 1.5  # a place farther than this x what speed explains is doubted; own
    outlier_kmh: float = 50.0  # ... there and back, if it also took this much on the mean; own
    reach_mps2: float = 1.5  # speeds between two values: a car keeps this up for long (0 to 100
    # km/h in 18 s, half of what tyres and engines give at their best); own
    chord_slack_m: float = 30.0  # a way is as long as its chord less the noise of two fixes; own
    chord_s: float = 60.0  # no way is shorter than its chord, compared this often; own
    chord_ratio: float = 1.2  # ... with so much for a speed that reads low (ECE R39 allows a
    # speedometer to read high only, wheels and GNSS a few per cent either way)
    coarse_step_s: float = 10.0  # ... compared where speeds lie at least so far apart; own
    kept_m: float = 100.0  # a speed that never changes for so long a way ...
    still_m: float = 50.0  # ... while the places stay within this is a kept one; own, as drift_m
    kept_s: float = 5.0  # ... and lasts this long; own, as frozen_s
    # Made up or changed: not scored
    teleport_m: float = 1000.0  # a place jumps: farther than a fix by radio cells is off; own
    clock_kmh: float = 30.0  # faster than this before and after a silence at one place; own
    apart_ratio: float = 1.75  # speeds say so much more than the places, or less; own: beyond what
    # a hairpin takes off the chord of 10 s (π/2), and wrong miles for km/h (1.61)
    apart_s: float = 180.0  # speed and places contradict for three minutes ...
    apart_share: float = 0.25  # ... and this share of what was compared, time or legs; own
    scale_ratio: float = 1.2  # the way of the places is longer than that of the speeds by so much:
    # bends make it shorter, an odometer or OBD may be 5 % off, fixes lengthen it by a few per cent
    scale_kmh: float = 24.0  # ... in minutes that are at least so fast, where noise is small; own
    least_legs: float = 24.0  # over so many legs of 10 s, four minutes ...
    leg_step_s: float = 5.0  # ... with speeds so close that they are a leg's mean; own
    varies_kmh: float = 6.0  # ... in which both vary, and apart_share of which differ, by so much,
    # more than noise of fixes; own
    together: float = 0.35  # ... speeds and places correlate with more than this, also if one of
    # them comes seconds late in stop-and-go; what is of another time has 0, ± 0.2 of 24 legs; own
    # Speed
    spike_slack_kmh: float = 15.0  # a step this big is never doubted; own
    spike_mps2: float = 6.0  # a step beyond slack + this x time (first second) is doubted; own
    spike_late_mps2: float = 2.5  # ... x time beyond the first second; own
    doubt_s: float = 20.0  # a level without a way up is believed after this without places; own,
    # shorter than bridge_s, so that its distance counts as measured
    doubt_lively_s: float = 5.0  # ... or after this if it changes like a speed
    doubt_changes: float = 3.0  # ... so often; a sentinel (127, 254, 255) does not change
    climbed_s: float = 60.0  # ... and makes a crash believable only after this and
    climbed_changes: float = 10.0  # ... so many changes; own
    silence_steps: float = 3.0  # a silence is this many usual steps, at least 10 s; own
    sparse_change_kmh: float = 60.0  # two values further apart than 10 s agree within this; own
    derive_s: float = 4.0  # speed from positions at least this far apart in time; own
    derive_m: float = 20.0  # ... and in space, so that 5 m of noise is < 25 %; own
    derive_stand_s: float = 20.0  # ... less than derive_m in this time is standing; own
    # Trips
    move_kmh: float = 5.0  # GNSS drift of a parked car stays below; Traccar drifts alike
    drift_m: float = 50.0  # drift of a parked car's position stays within; own, Traccar 200 m
    candidate_s: float = 30.0  # standing this long before it got away is no start; own
    stop_s: float = 180.0  # Traccar: stop after 180 s
    gap_s: float = 300.0  # longer silence ends a trip; Traccar legacy 300 s
    gap_steps: float = 2.5  # ... or so many of the device's own steps: one report may be lost; own
    sparse_gap_s: float = 1800.0  # ... but never more; own, Traccar 3600 s
    sparse_kmh: float = 10.0  # over such a step the places must have moved this fast; own
    ignition_off_s: float = 150.0  # ignition off ends a trip after this: start-stop and ignition
    # from voltage are off for as long as a red light (cycles of signals: 120 s at most); own
    bridge_s: float = 30.0  # longer gaps without positions are not counted as measured; own
    min_distance_m: float = 150.0  # shorter trips are dropped: moving the car; own, Traccar 200 m
    min_duration_s: float = 60.0  # ... and briefer ones, unless they went far or something happened
    brief_m: float = 500.0  # as far as this a brief one counts; Traccar legacy minimum of a trip
    # Harsh events: thresholds by class (Positrace 0.20/0.30 g, Teltonika 2.5/2.7/3.4 m/s²)
    acceleration_mps2: float = 2.0  # ordinary cars stay below 2.5 (traps seen)
    braking_mps2: float = 2.7  # Teltonika default
    cornering_mps2: float = 2.9  # Positrace 0.30 g
    severity2_ratio: float = 1.35  # Verizon 0.31 g / 0.23 g
    severity3_ratio: float = 1.75  # Verizon 0.40 g / 0.23 g
    long_event_s: float = 3.0  # so long raises the severity by one; own
    min_event_s: float = 0.5  # shorter is a bump, not a manoeuvre; own
    above_s: float = 0.3  # ... and so long of it above the threshold, not only near it; own
    merge_s: float = 1.5  # pulses closer than this are one event; own
    release_ratio: float = 0.8  # an event goes on above this share of its threshold; own
    rebound_s: float = 2.0  # fused acceleration rebounds within (traps seen)
    speed_ratio: float = 0.9  # thresholds fall with speed to what drivers find comfortable there
    # (Eboli and others 2016, comfort.py), but not below this share; own
    event_kmh: float = 10.0  # Teltonika: events only at >= 10 km/h
    physical_mps2: float = 12.0  # tyres give no more; above it is an impact or a bump; own
    smooth_s: float = 0.4  # time constant of the accelerometer low-pass; own
    coarse_s: float = 0.4  # one acceleration of values this far apart may be an event ...
    agree_ratio: float = 0.6  # ... if a neighbour or the other source reaches this share; own
    as_is_s: float = 0.8  # accelerations this far apart are not smoothed; own
    window_s: float = 0.9  # acceleration from speed over at least ~1 s; own
    window_max_s: float = 3.0  # ... from speeds further apart no harsh events; own
    trend_s: float = 1.8  # the distribution of |acceleration| is over ~2 s: no quantisation; own
    sparse_s: float = 12.0  # speeds up to so far apart say how large accelerations are, as means
    sparse_keeps_s: float = 3.0  # ... enlarged by what a mean over so long loses, where the
    # correlation of accelerations falls to 1/e within this: half of a change of speed of 6 s; own
    jerk_s: float = 1.0  # jerk is the change of that acceleration over at least this, as window_s
    held_s: float = 0.8  # below this spacing one step may be a held value: two are needed; own
    dense_s: float = 0.25  # rows closer than this may hold a slower source's speed; own
    stairs_kmh: float = 2.0  # a step that no car makes within a row is a held value's; above
    # the 1 km/h of an OBD speed; own
    heading_kmh: float = 15.0  # slower, GNSS course is noise; own (Zendrive 18 km/h)
    heading_deg: float = 8.0  # a smaller turn within the window is noise; own
    heading_sure_deg: float = 12.0  # a smaller one must follow a turn the same way; own
    # Speeding
    tolerance_kmh: float = 8.0  # Zendrive > 5 mph
    speeding_s: float = 10.0  # Zendrive >= 10 s
    speeding_release_kmh: float = 3.0  # hysteresis; own
    limit_stale_s: float = 60.0  # a limit not said for so long is not known; own
    # Exposure (local wall-clock time)
    night_from_h: float = 22.0  # own, as insurers' night hours 22-6
    night_to_h: float = 6.0
    # Crash
    crash_low_mps2: float = 24.516625  # 2.5 g, Geotab rule: an impulse is looked at
    crash_delta_v_kmh: float = 8.0  # ... and is one with this change of velocity ...
    crash_window_s: float = 0.15  # ... within this: trigger of event data recorders, 49 CFR 563.5
    crash_pulse_s: float = 0.3  # a pulse is integrated for so long: collisions take 0.07-0.2 s
    crash_least_s: float = 0.035  # a shorter pulse is a stone or a falling device; own
    crash_dense_s: float = 0.055  # values further apart tell no change of velocity; own
    crash_drop_kmh: float = 20.0  # without it, with this fall of the speed ...
    crash_fall_mps2: float = 9.80665  # ... faster than 1 g: usual tyres brake with less; own
    crash_speed_kmh: float = 15.0  # moving before: WreckWatch's speed gate, 15 mph there
    collapse_kmh: float = 35.0  # without an impulse: speed falls by this within ~1.5 s ...
    collapse_mps2: float = 10.8  # ... faster than 1.1 g, the most that tyres brake; own
    collapse_s: float = 1.6
    crash_settle_s: float = 10.0  # rolling out takes no longer; own
    crash_stand_s: float = 8.0  # standing that confirms an impulse; own
    crash_stand_collapse_s: float = 15.0  # ... that confirms a collapse of speed alone; own
    # Unknown orientation of the device
    gravity_s: float = 30.0  # time constant of gravity; own
    calibration_s: float = 30.0  # evidence before the axis is used: a minute or two of driving
    calibration_quality: float = 0.4  # correlation with the speed's changes at least; own


DEFAULTS = Parameters()
