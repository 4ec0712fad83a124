"""Every threshold of the consumption kernels, with its default and where it comes from."""

from typing import NamedTuple


class Parameters(NamedTuple):
    """Thresholds as floats. "Own": chosen here on recorded homes, see the tests' evaluation."""

    # Nominal length of an interval, s, for devices that send no `interval_s`. German and Dutch
    # smart meters: 15 minutes (docs/field/devices.md).
    interval_s: float = 900.0
    # A register's boundary value is *read* where its two reads are at most this many intervals
    # apart, else the energy between them is spread. Own: one missed read of a punctual meter
    # already makes it 2.
    bracket_intervals: float = 1.5
    # A hole up to this long is filled with a straight line, s (IESO VEE training: 1 h).
    line_fill_s: float = 3_600.0
    # A hole of interval values longer than this is not estimated, s. Own: a week.
    longest_fill_s: float = 7.0 * 86_400.0
    # A hole of a register longer than this is one substituted row, s. Own: a yearly reading.
    longest_spread_s: float = 400.0 * 86_400.0
    # Digits before the point of a register: it rolls over at 10^digits (common meters show 6),
    # older ones with one digit fewer.
    register_digits: float = 6.0
    # The most power that the connection carries, kW: 3 × 63 A × 230 V, the usual largest main fuse
    # of a home (VDE-AR-N 4100), at the highest voltage (+10 %, EN 50160) and at the current at
    # which a main circuit breaker must trip (1.2 times, DIN VDE 0641-21). More is an error.
    highest_power_kw: float = 57.4
    # ... unless this many values in a row, each within twice the one before and not the same,
    # show a larger connection. Own.
    larger_values: float = 4.0
    # What a value must exceed, times the meter's own highest, to be taken as the code of an error
    # if it looks like one (2^n, 2^n - 1 or nines in whole Wh). Own.
    code_factor: float = 3.0
    # A register may seem to rise by this much at once through its resolution, kWh: one step of a
    # register without decimals.
    register_burst_kwh: float = 1.0
    # Nothing is doubted up to the power of one circuit, kW: 16 A × 230 V.
    doubt_kw: float = 3.68
    # ... in this time or an interval, s: the resolution of registers hides the power of less. Own.
    doubt_s: float = 900.0
    # A register's step of more than this many times the meter's own highest power waits for the
    # next read: a wrong digit comes back, use does not. Own.
    doubt_factor: float = 1.25
    # A register that comes back within this time, or this many of its usual distances of reads,
    # to where it was before a step undoes the step, s. Own: a day of wrong reads.
    undo_s: float = 86_400.0
    undo_reads: float = 4.0
    # After silence, a register's step is use up to the meter's own highest power for the first
    # hours, then up to this many times its mean power; without a week of history twice that.
    # More is a question (an exchange?). Own.
    silence_full_h: float = 6.0
    silence_factor: float = 5.0
    # ... and at least up to this share of its own highest power: a home can wake up. Own.
    silence_share: float = 0.25
    # A register may seem to fall by this much through rounding, kWh (1 Wh resolution).
    register_jitter_kwh: float = 0.001
    # A register at zero (Tasmota after boot, docs/field/devices.md) is believed after this long,
    # s. Own.
    zero_register_s: float = 6.0 * 3_600.0
    # Days of history before a habit is judged. Own: one of each weekday.
    habit_days: float = 7.0
    # Weight of the newest value in the load profile never falls below this: about 4 weeks of
    # workdays. IESO estimates from the previous 3 weeks.
    profile_weight: float = 0.05
    # Night, local hours. Own; only for the night share.
    night_from_h: float = 22.0
    night_to_h: float = 6.0
    # spike: times the meter's own highest, and at least this much above it, W; Oracle MDM's
    # highest-versus-third-highest of 24 h as the third condition. Own: the trailing highest
    # is exceeded at most 1.9-fold in the recorded homes.
    spike_factor: float = 2.0
    spike_margin_w: float = 1_000.0
    spike_third_factor: float = 2.0
    # A value above what the connection carries is no use, but a spike up to this many times that.
    # More says nothing about a home, only that the meter or its file errs. Own: ten times what a
    # large home is used to lies below.
    spike_beyond_factor: float = 10.0
    # Cleared below this share of the raising threshold (hysteresis). Own.
    spike_clear_share: float = 0.75
    # A "spike" that lasts longer is the new habit, s. Own.
    spike_longest_s: float = 86_400.0
    # A spike of about the power of another one (within this factor) that began at least so many
    # hours and at most so many days before is the new habit: a car's wall box, or storage heaters
    # that a timer starts each night, also half an hour earlier. Own.
    spike_habit_factor: float = 2.0
    spike_habit_hours: float = 12.0
    spike_habit_days: float = 28.0
    # The remembered highest fades by this factor a day (half in 69 days), so that a holiday
    # does not make the return a spike. Own.
    peak_memory: float = 0.99
    # zero: at most this power, W (0.25 Wh in 15 minutes is below any meter's resolution);
    # cleared above the second figure.
    zero_w: float = 1.0
    zero_clear_w: float = 3.0
    # Shortest zero, h; and for homes that now and then use nothing (solar by day). Own.
    zero_hours: float = 6.0
    zero_occasional_hours: float = 18.0
    # A home "now and then uses nothing" if it had a zero this long in the last weeks, h. Own.
    zero_occasional_from_h: float = 3.0
    # Run longer than this many times the second-longest run of the last 4 weeks (one vacancy
    # is no habit, docs/field/consumption.md), plus a margin, h. Own.
    run_factor: float = 1.5
    run_margin_h: float = 1.0
    # stuck: shortest run of one value, h and intervals. Own: quantised data repeat by night.
    stuck_hours: float = 12.0
    stuck_intervals: float = 8.0
    # A value of this few steps of the meter's resolution repeats by itself: then at least so
    # long, h. Own: a recorded home in 0.1 kWh steps repeats one value up to 35 h on holidays.
    coarse_steps: float = 3.0
    stuck_coarse_hours: float = 24.0
    # Steps coarser than this, kWh, hide the base load: no rise is judged. Own.
    coarse_kwh: float = 0.2
    # Two interval energies are the same value within this, kWh (float noise of registers).
    same_kwh: float = 1e-6
    # A meter that exported in the last days, or habitually shows hours of nothing, has sun on
    # its roof: its base load is judged before this local hour only. Own: dawn in June.
    solar_days: float = 60.0
    solar_night_to_h: float = 4.0
    # base_load_rise: every hour of a week at least this much, W and share, above the median
    # of the lowest hours of rolling days. Own: guests, frost and what was left on last for days;
    # a recorded home has steps of +55 % for five days twice in a year.
    rise_w: float = 90.0
    rise_share: float = 0.2
    # ... or every hour of three days by this much, W and share. Own: twice the usual base.
    rise_fast_w: float = 140.0
    rise_fast_share: float = 0.9
    # Days of history behind those for the first and for the second. Own.
    rise_history_days: float = 10.0
    rise_fast_history_days: float = 5.0
    # ... and this many steps of the meter's resolution in an hour: a level that crosses one
    # step's edge changes its lowest hour by a whole step. Own.
    rise_steps: float = 1.5
    # and more than this many times as far as the lowest hours of days (rolling, from the onset on)
    # lie apart, in a week and in three days: a load that never stops adds the same to each, heating
    # adds more on a colder day. Own: simulated thermostats, heat pumps and heated floors in five
    # climates; two instead of 1.5 loses a tenth of true rises where hours are noisy.
    rise_over_spread: float = 1.5
    rise_fast_over_spread: float = 4.0
    # ... and this many times as far as the middle eight tenths of them lay apart in the baseline:
    # 1.25 such widths are 3.2 standard deviations of a normal distribution. Own.
    rise_over_spread_before: float = 1.25
    # An hour below this share of the rise is calm; two, a day apart, clear it. Own.
    rise_clear_share: float = 0.5
    # A rise that lasts longer is the new habit, days. Own.
    rise_longest_days: float = 28.0
    # gap: missing longer than this, h, and this many intervals; for registers also this many
    # times the usual distance of their reads. Own.
    gap_hours: float = 2.0
    gap_intervals: float = 2.0
    gap_usual: float = 2.5
    # negative: an import below this, W, of a meter that does not export. A meter with negative
    # values on this many days of the last `solar_days` exports, and so does one whose power came
    # down below this share of its base load just before. Own: clouds pass over panels.
    negative_w: float = 1.0
    negative_days: float = 3.0
    negative_base_share: float = 0.25
    # sustained_drop: a week whose low hours lie below this share of those of the four weeks
    # before. A holiday and a season leave the fridge running; a meter that counts half counts
    # half of it. Own: half use lies at 0.5, a home without its standby at 0.6 to 0.9.
    drop_low_share: float = 0.64
    # ... also the week's second-highest low hour; and low hours below this share of any week
    # before in which the highest interval was at least the second share of what it is now. Own:
    # vacancies without standby.
    drop_day_share: float = 0.9
    drop_past_share: float = 0.88
    drop_past_top: float = 0.7
    # By use: mean and median below this share, and what is left of them, and of the week's highest
    # interval, between these shares of what is left of the low hours. Own: vacancies below, night
    # storage heaters above.
    drop_share: float = 0.8
    drop_shape: float = 0.57
    drop_shape_over: float = 1.6
    drop_top: float = 0.5
    drop_top_over: float = 2.2
    # By appliances: what is left of the highest interval is about what is left of the low hours,
    # whatever the people did: median below the first share, mean and median within the others.
    # Own: who comes back from a holiday, or has guests, uses more, but the kettle is the same.
    drop_appliance_share: float = 0.9
    drop_appliance: float = 0.7
    drop_appliance_over: float = 1.8
    drop_least_shape: float = 0.3
    drop_most_shape: float = 1.7
    drop_most_mean: float = 2.2
    # The fall is this many times the usual scatter (1.4826 MAD) of low hours and of means; of low
    # hours by appliances. Own.
    drop_low_scatter: float = 1.5
    drop_scatter: float = 0.8
    drop_appliance_scatter: float = 4.0
    # ... and this many times as far as the low hours of the week's middle five days lie apart: a
    # meter that counts a part does so alike each day, heating that ends is less each day. Own.
    drop_over_spread: float = 2.5
    # Low hours of at least this, W, and this many steps of the meter's resolution in an hour,
    # say something. Own.
    drop_least_w: float = 20.0
    drop_steps: float = 3.0
    # Days before the week; a drop that lasts longer than the second is the new habit. Own.
    drop_history_days: float = 14.0
    drop_longest_days: float = 28.0


DEFAULTS = Parameters()
