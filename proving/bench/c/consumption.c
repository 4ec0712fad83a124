/* The algorithm of feature_kernels/consumption in C: registers, intervals, days and anomalies.
 *
 * What `tachowatt bench kernels` measures the compiled kernel against. It goes the same way,
 * function by function and in the same order of arithmetic, so both must give the same bits. NAN
 * means not measured. Compiled with -O3 -march=native -ffp-contract=off: the kernel is compiled for
 * the same processor and does not fuse multiplications and additions either.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif
#define MAX(a, b) ((b) > (a) ? (b) : (a))
#define MIN(a, b) ((b) < (a) ? (b) : (a))

/* Rows that come out; a full table is counted on, not written. */
typedef struct {
    double *at;
    int64_t room, width;
} Table;

/* The thresholds of parameters.py, in its order. */
typedef struct {
    double interval_s, bracket_intervals, line_fill_s, longest_fill_s, longest_spread_s,
        register_digits, highest_power_kw, larger_values, code_factor, register_burst_kwh,
        doubt_kw, doubt_s, doubt_factor, undo_s, undo_reads, silence_full_h, silence_factor,
        silence_share, register_jitter_kwh, zero_register_s, habit_days, profile_weight,
        night_from_h, night_to_h, spike_factor, spike_margin_w, spike_third_factor,
        spike_beyond_factor, spike_clear_share, spike_longest_s,
        spike_habit_factor, spike_habit_hours, spike_habit_days, peak_memory, zero_w,
        zero_clear_w, zero_hours, zero_occasional_hours, zero_occasional_from_h, run_factor,
        run_margin_h, stuck_hours, stuck_intervals, coarse_steps, stuck_coarse_hours,
        coarse_kwh, same_kwh, solar_days, solar_night_to_h, rise_w, rise_share, rise_fast_w,
        rise_fast_share, rise_history_days, rise_fast_history_days, rise_steps,
        rise_over_spread, rise_fast_over_spread, rise_over_spread_before, rise_clear_share,
        rise_longest_days, gap_hours, gap_intervals, gap_usual,
        negative_w, negative_days, negative_base_share, drop_low_share, drop_day_share,
        drop_past_share, drop_past_top, drop_share, drop_shape, drop_shape_over, drop_top,
        drop_top_over, drop_appliance_share, drop_appliance, drop_appliance_over,
        drop_least_shape, drop_most_shape, drop_most_mean, drop_low_scatter, drop_scatter,
        drop_appliance_scatter, drop_over_spread, drop_least_w, drop_steps, drop_history_days,
        drop_longest_days;
} Parameters;

typedef struct {
    double first, second;
} Pair;

/* Slots of the carry, and constants (carry.py, rows.py and where they are used). */
#define RING 28
#define BLOCKS 112
#define PENDING 28
#define MOST_HOURS 26
#define SOURCE 0
#define LAST_T 1
#define LAST_OFFSET 2
#define INTERVAL_US 3
#define NEXT_START 4
#define LAST_E 5
#define HAS_LAST_E 6
#define METER_KEY 7
#define HAS_KEY 8
#define POWER_W 9
#define HAS_POWER 10
#define EXPORT_KWH 11
#define HAS_EXPORT 12
#define EXPORTING 13
#define REG_T 14
#define REG_KWH 15
#define REG_MOVED 16
#define OPEN_START 17
#define OPEN_LOCAL 18
#define OPEN_KWH 19
#define OPEN_READ 20
#define HELD_T 21
#define HELD_KWH 22
#define HELD_OFFSET 23
#define USUAL_US 24
#define READS 25
#define DAY 26
#define HAS_DAY 27
#define DAY_START 28
#define DAY_LEAD_US 29
#define DAY_END_LOCAL 30
#define DAY_KWH 31
#define DAY_ESTIMATED_KWH 32
#define DAY_MEASURED_US 33
#define DAY_ESTIMATED_US 34
#define DAY_MISSING_US 35
#define DAY_NIGHT_KWH 36
#define DAY_MIN_W 37
#define DAY_MAX_W 38
#define DAY_PEAK_T 39
#define DAY_HABIT_MAX_W 40
#define DAY_ZERO_H 41
#define DAY_SAME_H 42
#define DAY_TAINTED 43
#define HOUR 44
#define HOUR_KWH 45
#define HOUR_US 46
#define HOURS_N 47
#define ZERO_START 48
#define ZERO_US 49
#define ZERO_END 50
#define SAME_START 51
#define SAME_US 52
#define SAME_N 53
#define SAME_KWH 54
#define SAME_END 55
#define MUTE 56
#define HABIT_DAYS 57
#define HABIT_MAX_W 58
#define HABIT_ZERO_H 59
#define LIMIT_ZERO_H 60
#define HABIT_SAME_H 61
#define LIMIT_SAME_H 62
#define HABIT_AT 63
#define BLOCK_RING_N 64
#define BLOCK_RING_AT 65
#define BASE_N 66
#define BASE_AT 67
#define PENDING_N 68
#define CALM_START 69
#define CALM_LAST 70
#define RESTLESS 71
#define RISE_W 72
#define BASE_LOAD_W 73
#define BASE_MEMORY_W 74
#define NEW_METER 75
#define BLOCK 76
#define BLOCK_START 77
#define BLOCK_N 78
#define BLOCK_LOWEST_W 79
#define BLOCK_TAINTED 80
#define HOUR_LOCAL 81
#define SOLAR_T 82
#define QUANTUM_KWH 83
#define BLOCKS_SOLAR 84
#define JUMP_T 85
#define JUMP_KWH 86
#define JUMP_USE 87
#define JUMP_LOST 88
#define HELD_FITS 89
#define OVER_N 90
#define OVER_W 91
#define OVER_T 92
#define LIMIT_W 93
#define TOP 111
#define ANOMALY 117
#define HOURS 157
#define RING_MAX 183
#define RING_ZERO 211
#define RING_SAME 239
#define RING_BLOCKS 267
#define PENDING_BLOCKS 379
#define RING_BASE 435
#define PROFILE 547
#define PROFILE_N 595
#define FAST 12
#define DROP_WEEK 7
#define DROP_DAYS 49
#define DROP_FIGURES 6
#define NEGATIVE_T 94
#define NEGATIVE_DAY 95
#define NEGATIVE_DAYS 96
#define CLOSED 97
#define CLOSED_START 98
#define CLOSED_LOW_W 99
#define CLOSED_QUARTER_W 100
#define CLOSED_MEDIAN_W 101
#define CLOSED_MEAN_W 102
#define CLOSED_TOP_W 103
#define DROP_N 104
#define DROP_LOW 105
#define DROP_BACK_W 106
#define DROP_CALM_T 107
#define DROPS_SOLAR 108
#define SPIKE_T 109
#define SPIKE_W 110
#define DROPS 643
#define MEDIAN 3
#define MEAN 4
#define HIGHEST 5
#define REFERENCE_DAYS 28
#define MAD_TO_SIGMA 1.4826
#define NEGATIVE_SEVERITY 2.0
#define SPIKE 0
#define ZERO 1
#define STUCK 2
#define RISE 3
#define BACKWARDS 4
#define GAP 5
#define NEGATIVE 6
#define DROP 7
#define RAISED 0.0
#define CLEARED 1.0
#define HOUR_US_F 3600000000.0
#define DAY_US_F 86400000000.0
#define LEVEL_SHARE 0.5
#define DAILY_LEVEL_SHARE 0.7
#define BLOCKS_A_DAY 4
#define RESTLESS_BLOCKS 6
#define BLOCK_HOURS_NEEDED 4.0
#define READ 6.0
#define SUBSTITUTE 5.0
#define UNUSABLE 1.0
#define MISSING 0.0
#define AS_READ 0.0
#define HOLE 1.0
#define IMPLAUSIBLE 2.0
#define WRONG_READING 3.0
#define UNKNOWN_USE 4.0
#define EXCHANGED 5.0
#define CORRECTED 6.0
#define LEAST_CODE 9999.0
#define CARRY_WIDTH 937

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort_into(double *sorted, const double *values, int64_t n) {
    memcpy(sorted, values, n * sizeof(double));
    qsort(sorted, n, sizeof(double), ascending);
}

/* Append an interval row; count[0] counts. */
static void write_interval(Table *out, int64_t *count, int64_t device, double start, double end,
                           double local, double energy, double status, double estimated,
                           double reason, double decided) {
    int64_t at;
    at = count[0];
    if (at < out->room) {
        out->at[at * out->width + 0] = device;
        out->at[at * out->width + 1] = start;
        out->at[at * out->width + 2] = end;
        out->at[at * out->width + 3] = local;
        out->at[at * out->width + 4] = energy;
        out->at[at * out->width + 5] = status;
        out->at[at * out->width + 6] = estimated;
        out->at[at * out->width + 7] = reason;
        out->at[at * out->width + 8] = decided;
    }
    count[0] = at + 1;
}

/* Append an anomaly row; count[2] counts. */
static void write_anomaly(Table *out, int64_t *count, int64_t device, int64_t kind, double phase,
                          double start, double end, double observed, double expected,
                          double threshold, double severity, double decided) {
    int64_t at;
    at = count[2];
    if (at < out->room) {
        out->at[at * out->width + 0] = device;
        out->at[at * out->width + 1] = kind;
        out->at[at * out->width + 2] = phase;
        out->at[at * out->width + 3] = start;
        out->at[at * out->width + 4] = end;
        out->at[at * out->width + 5] = start;
        out->at[at * out->width + 6] = observed;
        out->at[at * out->width + 7] = expected;
        out->at[at * out->width + 8] = threshold;
        out->at[at * out->width + 9] = severity;
        out->at[at * out->width + 10] = decided;
    }
    count[2] = at + 1;
}

/* Tell whether an episode of this kind is open (its start is kept, 0 = none). */
static int64_t is_open(double *c, int64_t kind) {
    return c[ANOMALY + 5 * kind] > 0.0;
}

/* Open an episode and write its first row. */
static void raise_anomaly(double *c, Table *out, int64_t *count, int64_t device, int64_t kind,
                          double start, double observed, double expected, double threshold,
                          double severity, double decided) {
    int64_t at;
    at = ANOMALY + 5 * kind;
    c[at] = start;
    c[at + 1] = observed;
    c[at + 2] = expected;
    c[at + 3] = threshold;
    c[at + 4] = severity;
    write_anomaly(out, count, device, kind, RAISED, start, 0.0, observed, expected, threshold,
                  severity, decided);
}

/* Close the open episode and write its second row with the final evidence. */
static void clear_anomaly(double *c, Table *out, int64_t *count, int64_t device, int64_t kind,
                          double end, double decided) {
    int64_t at;
    at = ANOMALY + 5 * kind;
    write_anomaly(out, count, device, kind, CLEARED, c[at], end, c[at + 1], c[at + 2], c[at + 3],
                  c[at + 4], decided);
    c[at] = 0.0;
}

/* Keep the worst evidence of the open episode for its last row. */
static void note_worse(double *c, int64_t kind, double observed, double severity) {
    int64_t at;
    at = ANOMALY + 5 * kind;
    c[at + 1] = MAX(c[at + 1], observed);
    c[at + 4] = MAX(c[at + 4], severity);
}

/* The most power that the connection carries, kW. */
static double connection_kw(const double *c, const Parameters *p) {
    return MAX(p->highest_power_kw, c[LIMIT_W] / 1000.0);
}

/* The meter's own highest power of the last weeks, kW; 0 = not known. */
static double own_highest_kw(const double *c) {
    return MAX(c[HABIT_MAX_W], c[DAY_HABIT_MAX_W]) / 1000.0;
}

/* Tell whether a value looks like the code of an error: 2^n, 2^n - 1 or nines in whole Wh. */
static int64_t is_code(double kwh) {
    double n, power, nines, scale;
    int64_t k;
    for (k = 0; k < 2; k++) {
        scale = k == 0 ? 1000.0 : 1.0;
        n = floor(fabs(kwh) * scale + 0.5);
        if (n < LEAST_CODE || fabs(fabs(kwh) * scale - n) > 1e-9 * n) {
            continue;
        }
        power = 16384.0;
        nines = 10000.0;
        while (power <= n + 1.0 || nines <= n + 1.0) {
            if (n == power || n == power - 1.0 || n == nines - 1.0) {
                return 1;
            }
            power *= 2.0;
            nines *= 10.0;
        }
    }
    return 0;
}

/* What no interval value can exceed as use, kW. */
static double limit_kw(const double *c, const Parameters *p) {
    return MAX(connection_kw(c, p), p->spike_factor * c[HABIT_MAX_W] / 1000.0);
}

/* The power from which on an interval is a spike, W; highest : W, the meter's own. */
static double spike_threshold(const double *c, const Parameters *p, double highest) {
    double third, threshold;
    third = MAX(c[TOP + 2], c[TOP + 5]);
    threshold = MAX(p->spike_factor * highest, highest + p->spike_margin_w);
    return MAX(threshold, p->spike_third_factor * third);
}

/* Grade a spike by how many times the highest it is: 1, from 3 times 2, from 5 times 3. */
static double spike_severity(double ratio) {
    if (ratio >= 5.0) {
        return 3.0;
    }
    return ratio >= 3.0 ? 2.0 : 1.0;
}

/* Return whether the interval belongs to a spike. */
/* Remember the spike that is over; a second one like it on another day makes a habit. */
static void remember_spike(double *c, const Parameters *p, double start, double peak) {
    double age = start - c[SPIKE_T], before = c[SPIKE_W], lower = MIN(peak, before);
    int64_t recent = c[SPIKE_T] > 0.0 && age <= p->spike_habit_days * DAY_US_F;
    int64_t alike = before <= p->spike_habit_factor * peak && peak <= p->spike_habit_factor * before;
    if (recent && age >= p->spike_habit_hours * HOUR_US_F && alike &&
        lower <= connection_kw(c, p) * 1000.0) {
        c[HABIT_MAX_W] = MAX(c[HABIT_MAX_W], lower);
    }
    c[SPIKE_T] = start;
    c[SPIKE_W] = peak;
}

static int64_t judge_spike(double *c, const Parameters *p, Table *out, int64_t *count,
                           int64_t device, double start, double end, double power, double usual,
                           double decided) {
    double highest, threshold, expected, severity, ratio;
    int64_t at;
    highest = MAX(c[HABIT_MAX_W], c[DAY_HABIT_MAX_W]);
    threshold = spike_threshold(c, p, highest);
    if (is_open(c, SPIKE)) {
        at = ANOMALY + 5 * SPIKE;
        if (power <= p->spike_clear_share * c[at + 3]) {
            remember_spike(c, p, c[at], c[at + 1]);
            clear_anomaly(c, out, count, device, SPIKE, start, decided);
        } else if (end - c[at] > p->spike_longest_s * 1e6) {
            clear_anomaly(c, out, count, device, SPIKE, start, decided);
            c[HABIT_MAX_W] = MAX(c[HABIT_MAX_W], power);
        } else {
            ratio = power / (c[at + 3] / p->spike_factor);
            note_worse(c, SPIKE, power, spike_severity(ratio));
        }
        return is_open(c, SPIKE);
    }
    if (c[HABIT_DAYS] < p->habit_days || c[MUTE] > 0.0 || power <= threshold) {
        return 0;
    }
    expected = usual == usual ? usual : highest;
    severity = spike_severity(power / (threshold / p->spike_factor));
    raise_anomaly(c, out, count, device, SPIKE, start, power, expected, threshold, severity,
                  decided);
    return 1;
}

/* Report a value (kWh) that was refused as use because the connection cannot carry it. */
static void judge_refused(double *c, const Parameters *p, Table *out, int64_t *count,
                          int64_t device, double start, double energy, double length,
                          double usual, double decided) {
    double power, highest, threshold, expected, severity, ratio;
    power = energy * 3600000000000.0 / length;
    if (c[HABIT_DAYS] < p->habit_days ||
        power > p->spike_beyond_factor * limit_kw(c, p) * 1000.0) {
        return;
    }
    if (c[MUTE] > 0.0 || is_open(c, ZERO) || is_open(c, STUCK) || is_code(energy)) {
        return;
    }
    if (is_open(c, SPIKE)) {
        ratio = power / (c[ANOMALY + 5 * SPIKE + 3] / p->spike_factor);
        note_worse(c, SPIKE, power, spike_severity(ratio));
        return;
    }
    highest = MAX(c[HABIT_MAX_W], c[DAY_HABIT_MAX_W]);
    threshold = spike_threshold(c, p, highest);
    if (power <= threshold) {
        return;
    }
    expected = usual == usual ? usual : highest;
    severity = spike_severity(power / (threshold / p->spike_factor));
    raise_anomaly(c, out, count, device, SPIKE, start, power, expected, threshold, severity,
                  decided);
}

/* Take an import below zero, W: export, or an error; return whether it is an error. */
static int64_t take_negative(double *c, const Parameters *p, Table *out, int64_t *count,
                             int64_t device, double start, double local, double power,
                             double usual, double decided) {
    double day, expected;
    int64_t fell, at;
    day = floor(local / DAY_US_F);
    if (start - c[NEGATIVE_T] > p->solar_days * DAY_US_F) {
        c[NEGATIVE_DAYS] = 0.0;
    }
    if (c[NEGATIVE_DAYS] == 0.0 || day != c[NEGATIVE_DAY]) {
        c[NEGATIVE_DAYS] += 1.0;
    }
    c[NEGATIVE_DAY] = day;
    c[NEGATIVE_T] = start;
    fell = c[LAST_E] < p->negative_base_share * c[BASE_LOAD_W];
    fell = fell && c[HAS_LAST_E] > 0.0 && c[RESTLESS] == 0.0 && c[LAST_E] > p->zero_w;
    if (c[NEGATIVE_DAYS] >= p->negative_days || (fell && !is_open(c, NEGATIVE))) {
        c[SOLAR_T] = start;
        if (is_open(c, NEGATIVE)) {
            clear_anomaly(c, out, count, device, NEGATIVE, start, decided);
        }
        return 0;
    }
    if (is_open(c, NEGATIVE)) {
        at = ANOMALY + 5 * NEGATIVE + 1;
        c[at] = MIN(c[at], power);
    } else if (c[HABIT_DAYS] >= p->habit_days) {
        expected = usual == usual ? usual : 0.0;
        raise_anomaly(c, out, count, device, NEGATIVE, start, power, expected, 0.0,
                      NEGATIVE_SEVERITY, decided);
    }
    return 1;
}

/* Return whether the interval is a negative value of a meter that does not export. */
static int64_t judge_negative(double *c, const Parameters *p, Table *out, int64_t *count,
                              int64_t device, double start, double local, double power,
                              double usual, double decided) {
    if (c[EXPORTING] > 0.0) {
        c[SOLAR_T] = start;
        return 0;
    }
    if (power < -p->negative_w) {
        return take_negative(c, p, out, count, device, start, local, power, usual, decided);
    }
    if (is_open(c, NEGATIVE)) {
        clear_anomaly(c, out, count, device, NEGATIVE, start, decided);
    }
    return 0;
}

/* Grade a zero or stuck run by its length: 1, from one day 2, from three days 3. */
static double run_severity(double hours) {
    if (hours >= 72.0) {
        return 3.0;
    }
    return hours >= 24.0 ? 2.0 : 1.0;
}

/* End the run of zeros: clear its episode, or remember its length as habit. */
static void end_zero(double *c, Table *out, int64_t *count, int64_t device, double end,
                     double decided) {
    if (c[ZERO_US] == 0.0) {
        return;
    }
    if (is_open(c, ZERO)) {
        clear_anomaly(c, out, count, device, ZERO, end, decided);
        c[MUTE] = 1.0;
    } else if (is_open(c, STUCK)) {
        clear_anomaly(c, out, count, device, STUCK, end, decided);
        c[MUTE] = 1.0;
    } else {
        c[DAY_ZERO_H] = MAX(c[DAY_ZERO_H], c[ZERO_US] / HOUR_US_F);
    }
    c[ZERO_US] = 0.0;
}

/* Follow a run of zeros; return whether the interval belongs to an open episode. */
static int64_t judge_zero(double *c, const Parameters *p, Table *out, int64_t *count,
                          int64_t device, double start, double end, double power,
                          double decided) {
    int64_t kind, opened;
    double hours;
    kind = ZERO;
    if (c[SOURCE] == 2.0 && !(c[HAS_POWER] > 0.0 && fabs(c[POWER_W]) <= p->zero_clear_w)) {
        kind = STUCK;
    }
    opened = c[ZERO_US] > 0.0 && (is_open(c, ZERO) || is_open(c, STUCK));
    if (fabs(power) <= (opened ? p->zero_clear_w : p->zero_w) && c[EXPORTING] == 0.0) {
        if (c[ZERO_US] == 0.0) {
            c[ZERO_START] = start;
        }
        c[ZERO_US] += end - start;
        c[ZERO_END] = end;
        hours = c[ZERO_US] / HOUR_US_F;
        if (opened) {
            note_worse(c, is_open(c, ZERO) ? ZERO : STUCK, hours, run_severity(hours));
        } else if (c[HABIT_DAYS] >= p->habit_days && hours >= c[LIMIT_ZERO_H] &&
                   c[ZERO_US] >= 2.0 * c[INTERVAL_US]) {
            raise_anomaly(c, out, count, device, kind, c[ZERO_START], hours, c[HABIT_ZERO_H],
                          c[LIMIT_ZERO_H], run_severity(hours), decided);
            opened = 1;
        }
        return opened;
    }
    end_zero(c, out, count, device, c[ZERO_END], decided);
    return 0;
}

/* End the run of one value: clear its episode, or remember its length as habit. */
static void end_same(double *c, Table *out, int64_t *count, int64_t device, double end,
                     double decided) {
    if (c[SAME_N] == 0.0) {
        return;
    }
    if (is_open(c, STUCK)) {
        clear_anomaly(c, out, count, device, STUCK, end, decided);
        c[MUTE] = 1.0;
    } else if (c[SAME_N] > 1.0) {
        c[DAY_SAME_H] = MAX(c[DAY_SAME_H], c[SAME_US] / HOUR_US_F);
    }
    c[SAME_N] = 0.0;
    c[SAME_US] = 0.0;
}

/* Follow a run of one repeated value that is not zero; return whether it is an episode. */
static int64_t judge_same(double *c, const Parameters *p, Table *out, int64_t *count,
                          int64_t device, double start, double end, double energy, int64_t zero,
                          double decided) {
    double step, hours, limit;
    if (!zero && c[SAME_N] > 0.0 && fabs(energy - c[SAME_KWH]) <= p->same_kwh) {
        c[SAME_N] += 1.0;
        c[SAME_US] += end - start;
        c[SAME_END] = end;
        hours = c[SAME_US] / HOUR_US_F;
        if (is_open(c, STUCK)) {
            note_worse(c, STUCK, hours, run_severity(hours));
            return 1;
        }
        limit = c[LIMIT_SAME_H];
        if (fabs(energy) <= (p->coarse_steps + 0.5) * c[QUANTUM_KWH]) {
            limit = MAX(limit, p->stuck_coarse_hours);
        }
        if (c[HABIT_DAYS] >= p->habit_days && hours >= limit && c[SAME_N] >= p->stuck_intervals) {
            raise_anomaly(c, out, count, device, STUCK, c[SAME_START], hours, c[HABIT_SAME_H],
                          limit, run_severity(hours), decided);
            return 1;
        }
        return 0;
    }
    step = fabs(energy - c[SAME_KWH]);
    if (c[SAME_N] > 0.0 && step > p->same_kwh) {
        c[QUANTUM_KWH] = c[QUANTUM_KWH] == 0.0 ? step : MIN(step, c[QUANTUM_KWH]);
    }
    end_same(c, out, count, device, c[SAME_END], decided);
    if (!zero) {
        c[SAME_START] = start;
        c[SAME_US] = end - start;
        c[SAME_N] = 1.0;
        c[SAME_KWH] = energy;
        c[SAME_END] = end;
    }
    return 0;
}

/* Place of a local time (µs) in the profile: workday hours 0 to 23, weekend 24 to 47. */
static int64_t profile_slot(double local) {
    double day;
    int64_t hour, weekday;
    day = floor(local / DAY_US_F);
    hour = (int64_t)((local - day * DAY_US_F) / HOUR_US_F);
    weekday = ((int64_t)day + 3) % 7;
    return hour + (weekday >= 5 ? 24 : 0);
}

/* Mean power of this local hour, W; of the other kind of day if need be; NaN = not known. */
static double usual_power(double *c, double local) {
    int64_t slot;
    slot = profile_slot(local);
    if (c[PROFILE_N + slot] == 0.0) {
        slot = (slot + 24) % 48;
    }
    if (c[PROFILE_N + slot] == 0.0) {
        return NAN;
    }
    return c[PROFILE + slot];
}

/* Move the mean of this local hour: plain mean at first, then exponentially weighted. */
static void teach_profile(double *c, const Parameters *p, double local, double power) {
    int64_t slot;
    double weight;
    slot = profile_slot(local);
    c[PROFILE_N + slot] += 1.0;
    weight = p->profile_weight * MIN(c[INTERVAL_US] / 3600000000.0, 1.0);
    weight = MAX(1.0 / c[PROFILE_N + slot], weight);
    c[PROFILE + slot] += weight * (power - c[PROFILE + slot]);
}

/* Grade a rise by its power: 1, from 150 W 2, from 300 W 3. */
static double rise_severity(double rise) {
    if (rise >= 300.0) {
        return 3.0;
    }
    return rise >= 150.0 ? 2.0 : 1.0;
}

/* Place in the carry of the baseline's i-th oldest block. */
static int64_t ring_place(double *c, int64_t i) {
    int64_t first;
    first = (int64_t)c[BLOCK_RING_AT] - (int64_t)c[BLOCK_RING_N] + BLOCKS;
    return RING_BLOCKS + (first + i) % BLOCKS;
}

/* Lowest hour of the latest pending blocks, W. */
static double held_by(double *c, int64_t blocks) {
    double held = INFINITY;
    for (int64_t i = PENDING - blocks; i < PENDING; i++) {
        held = MIN(held, c[PENDING_BLOCKS + 2 * i]);
    }
    return held;
}

/* Put a block behind the pending ones; the oldest becomes baseline if there are too many. */
static void queue_block(double *c, double lowest, double start) {
    int64_t at, i;
    if (c[PENDING_N] == PENDING) {
        c[RING_BLOCKS + (int64_t)c[BLOCK_RING_AT]] = c[PENDING_BLOCKS];
        c[BLOCK_RING_AT] = fmod(c[BLOCK_RING_AT] + 1.0, BLOCKS);
        c[BLOCK_RING_N] = MIN(c[BLOCK_RING_N] + 1.0, BLOCKS);
        for (i = 0; i < 2 * (PENDING - 1); i++) {
            c[PENDING_BLOCKS + i] = c[PENDING_BLOCKS + i + 2];
        }
        c[PENDING_N] -= 1.0;
    }
    at = PENDING_BLOCKS + 2 * (int64_t)c[PENDING_N];
    c[at] = lowest;
    c[at + 1] = start;
    c[PENDING_N] += 1.0;
}

/* Follow an open rise through a block: clear it when calm returns, or when it is habit. */
static void follow_rise(double *c, const Parameters *p, Table *out, int64_t *count,
                        int64_t device, double lowest, double start, double decided) {
    int64_t at;
    double base;
    at = ANOMALY + 5 * RISE;
    base = c[at + 2];
    if (lowest <= base + p->rise_clear_share * (c[RISE_W] - base)) {
        c[CALM_LAST] = start;
        if (c[CALM_START] == 0.0) {
            c[CALM_START] = start;
        } else if (start - c[CALM_START] >= DAY_US_F) {
            clear_anomaly(c, out, count, device, RISE, c[CALM_START], decided);
        }
        return;
    }
    if (c[CALM_START] > 0.0 && start - c[CALM_LAST] > 1.5 * DAY_US_F) {
        c[CALM_START] = 0.0;
    }
    if (start - c[at] > p->rise_longest_days * DAY_US_F) {
        clear_anomaly(c, out, count, device, RISE, start, decided);
        c[BLOCK_RING_N] = 0.0;
        c[BLOCK_RING_AT] = 0.0;
        c[PENDING_N] = 0.0;
    }
}

/* Fill the lowest hours of every `blocks` blocks running, W, ascending; return how many. */
static int64_t rolling_lowest(const double *lowest, int64_t n, int64_t blocks, double *found) {
    for (int64_t i = 0; i <= n - blocks; i++) {
        found[i] = INFINITY;
        for (int64_t j = 0; j < blocks; j++) {
            found[i] = MIN(found[i], lowest[i + j]);
        }
    }
    qsort(found, n - blocks + 1, sizeof(double), ascending);
    return n - blocks + 1;
}

/* The same of the baseline's blocks. */
static int64_t ring_lowest(double *c, int64_t blocks, double *found) {
    int64_t n = (int64_t)c[BLOCK_RING_N];
    double lowest[BLOCKS];
    for (int64_t i = 0; i < n; i++) {
        lowest[i] = c[ring_place(c, i)];
    }
    return rolling_lowest(lowest, n, blocks, found);
}

/* Median (upper, for an even number) of the lowest hours of rolling days, W. */
static double baseline(double *c) {
    double days[BLOCKS];
    int64_t n = ring_lowest(c, BLOCKS_A_DAY, days);
    return days[n / 2];
}

/* Width of the middle eight tenths of the baseline's lowest hours of so many blocks, W. */
static double spread_before(double *c, int64_t blocks) {
    double lowest[BLOCKS];
    int64_t last = ring_lowest(c, blocks, lowest) - 1;
    return lowest[last - last / 10] - lowest[last / 10];
}

/* Highest less lowest of the lowest hours of so many pending blocks from `first` on, W. */
static double spread_since(double *c, int64_t first, int64_t blocks) {
    double since[PENDING], lowest[PENDING];
    int64_t n = PENDING - first;
    for (int64_t i = 0; i < n; i++) {
        since[i] = c[PENDING_BLOCKS + 2 * (first + i)];
    }
    n = rolling_lowest(since, n, blocks, lowest);
    return lowest[n - 1] - lowest[0];
}

/* Tell whether `held` lies more than rise_w above the baseline, by counting instead of sorting. */
static int64_t may_have_risen(double *c, const Parameters *p, double held) {
    int64_t blocks = (int64_t)c[BLOCK_RING_N], days = 0, last = -BLOCKS_A_DAY;
    int64_t at = ring_place(c, 0), end = RING_BLOCKS + BLOCKS;
    for (int64_t i = 0; i < blocks; i++) {
        if (c[at] + p->rise_w < held) {
            last = i;
        }
        if (i >= BLOCKS_A_DAY - 1 && i - last < BLOCKS_A_DAY) {
            days++;
        }
        at++;
        if (at == end) {
            at = RING_BLOCKS;
        }
    }
    return days > (blocks - BLOCKS_A_DAY + 1) / 2;
}

/* Raise a rise if the latest pending blocks show one; tell whether they do. */
static int64_t raise_if_risen(double *c, const Parameters *p, Table *out, int64_t *count,
                          int64_t device, double base, int64_t blocks, double decided) {
    int64_t fast = blocks == FAST, restless = c[RESTLESS] > 0.0, first = PENDING - blocks, span;
    double held = held_by(c, blocks), least, over, begin, severity;
    least = MAX(fast ? p->rise_fast_w : p->rise_w, p->rise_steps * c[QUANTUM_KWH] * 1000.0);
    least = MAX(least, (fast ? p->rise_fast_share : p->rise_share) * base);
    if (held <= base + least) {
        return 0;
    }
    while (first > 0 && c[PENDING_BLOCKS + 2 * (first - 1)] > 0.5 * (base + held)) {
        first--;
    }
    span = restless ? RESTLESS_BLOCKS : BLOCKS_A_DAY;
    over = fast ? p->rise_fast_over_spread : p->rise_over_spread;
    least = MAX(least, over * spread_since(c, first, span));
    if (held <= base + least) {
        return 0;
    }
    least = MAX(least, p->rise_over_spread_before * spread_before(c, span));
    if (held <= base + least) {
        return 0;
    }
    begin = c[PENDING_BLOCKS + 2 * first + 1];
    severity = rise_severity(held - base);
    raise_anomaly(c, out, count, device, RISE, begin, held, base, base + least, severity,
                  decided);
    c[RISE_W] = held;
    c[CALM_START] = 0.0;
    c[PENDING_N] = first;
    return 1;
}

/* Take a closed block; raise, follow or clear a rise. */
static void judge_rise(double *c, const Parameters *p, Table *out, int64_t *count, int64_t device,
                       double lowest, double start, double decided) {
    double days, base;
    if (is_open(c, RISE)) {
        follow_rise(c, p, out, count, device, lowest, start, decided);
        return;
    }
    if (is_open(c, DROP)) {
        return;
    }
    queue_block(c, lowest, start);
    days = c[BLOCK_RING_N] / BLOCKS_A_DAY;
    if (days < p->rise_fast_history_days || c[PENDING_N] < PENDING) {
        return;
    }
    if (!may_have_risen(c, p, held_by(c, FAST))) {
        return;
    }
    base = baseline(c);
    if (raise_if_risen(c, p, out, count, device, base, FAST, decided)) {
        return;
    }
    if (days >= p->rise_history_days) {
        raise_if_risen(c, p, out, count, device, base, PENDING, decided);
    }
}

/* Forget the baseline: what comes is not to be compared with it. */
static void begin_baseline(double *c) {
    int64_t slot;
    const int64_t all[] = {BLOCK_RING_N, BLOCK_RING_AT, PENDING_N, BLOCK_N};
    for (int64_t k = 0; k < 4; k++) {
        slot = all[k];
        c[slot] = 0.0;
    }
}

/* Close the block of six hours if enough of it was measured and nothing was wrong in it. */
static void close_block(double *c, const Parameters *p, Table *out, int64_t *count,
                        int64_t device, int64_t times, double decided) {
    int64_t fine, turn;
    double lowest;
    fine = c[BLOCK_TAINTED] == 0.0 && c[QUANTUM_KWH] <= p->coarse_kwh;
    if (c[BLOCK_N] >= BLOCK_HOURS_NEEDED && fine) {
        lowest = c[BLOCK_LOWEST_W];
        for (turn = 0; turn < times; turn++) {
            judge_rise(c, p, out, count, device, lowest, c[BLOCK_START], decided);
        }
    }
    c[BLOCK_N] = 0.0;
    c[BLOCK_LOWEST_W] = 0.0;
    c[BLOCK_TAINTED] = 0.0;
}

/* Tell whether sun may hide the base load by day: see Parameters.solar_days. */
static int64_t is_solar(double *c, const Parameters *p) {
    if (c[HABIT_ZERO_H] >= p->zero_occasional_from_h) {
        return 1;
    }
    return c[SOLAR_T] > 0.0 && c[HOUR] * HOUR_US_F - c[SOLAR_T] < p->solar_days * DAY_US_F;
}

/* Close the running hour: its mean goes to day and block if half of it was measured. */
static void flush_hour(double *c, const Parameters *p) {
    int64_t enough;
    double mean;
    enough = c[HOUR_US] >= 0.5 * HOUR_US_F && c[HOURS_N] < MOST_HOURS;
    if (enough && (c[HOUR_LOCAL] < p->solar_night_to_h || !is_solar(c, p))) {
        mean = c[HOUR_KWH] * 3600000000000.0 / c[HOUR_US];
        c[HOURS + (int64_t)c[HOURS_N]] = mean;
        c[HOURS_N] += 1.0;
        if (c[BLOCK_N] == 0.0 || mean < c[BLOCK_LOWEST_W]) {
            c[BLOCK_LOWEST_W] = mean;
        }
        c[BLOCK_N] += 1.0;
    }
    c[HOUR_KWH] = 0.0;
    c[HOUR_US] = 0.0;
}

/* Close the block of six local hours if this interval begins another. */
static void enter_block(double *c, const Parameters *p, Table *anomalies, int64_t *count,
                        int64_t device, double local, double start, double decided) {
    double block;
    int64_t solar, times;
    block = floor(local / (6.0 * HOUR_US_F));
    if (block != c[BLOCK]) {
        flush_hour(c, p);
        solar = is_solar(c, p);
        times = solar ? 4 : 1;
        if (solar != (c[BLOCKS_SOLAR] > 0.0)) {
            c[BLOCKS_SOLAR] = solar ? 1.0 : 0.0;
            begin_baseline(c);
        }
        close_block(c, p, anomalies, count, device, times, decided);
        c[BLOCK] = block;
        c[BLOCK_START] = start;
    }
}

/* Begin a local day; lead : µs of it before its first interval. */
static void open_day(double *c, double day, double start, double lead) {
    int64_t i;
    c[DAY] = day;
    c[HAS_DAY] = 1.0;
    c[DAY_START] = start;
    c[DAY_LEAD_US] = lead;
    for (i = DAY_KWH; i < DAY_TAINTED; i++) {
        c[i] = 0.0;
    }
    c[DAY_MIN_W] = INFINITY;
    c[DAY_MAX_W] = -INFINITY;
    c[DAY_TAINTED] = is_open(c, ZERO) || is_open(c, STUCK) ? 1.0 : 0.0;
    c[HOURS_N] = 0.0;
}

/* Return the highest and the second highest of a ring's first n values. */
static Pair second_highest(double *c, int64_t ring, int64_t n) {
    double first, second, value;
    int64_t i;
    first = 0.0;
    second = 0.0;
    for (i = 0; i < n; i++) {
        value = c[ring + i];
        if (value > first) {
            second = first;
            first = value;
        } else if (value > second) {
            second = value;
        }
    }
    return (Pair){first, second};
}

/* Length of a run, h, from which it is no habit. */
static double run_limit(const Parameters *p, double longest, double second, double shortest,
                        int64_t occasional) {
    double limit;
    limit = MAX(shortest, p->run_factor * second + p->run_margin_h);
    if (occasional && longest >= p->zero_occasional_from_h) {
        limit = MAX(limit, p->zero_occasional_hours);
    }
    return limit;
}

/* Put the day into the rings of habits and renew the limits derived from them. */
static void learn_habits(double *c, const Parameters *p) {
    int64_t at, n;
    double first, second;
    Pair pair;
    at = (int64_t)c[HABIT_AT];
    c[RING_MAX + at] = c[DAY_HABIT_MAX_W];
    c[RING_ZERO + at] = c[DAY_ZERO_H];
    c[RING_SAME + at] = c[DAY_SAME_H];
    c[HABIT_AT] = (at + 1) % RING;
    c[HABIT_DAYS] += 1.0;
    n = (int64_t)MIN(c[HABIT_DAYS], RING);
    pair = second_highest(c, RING_MAX, n);
    first = pair.first;
    second = pair.second;
    c[HABIT_MAX_W] = MAX(c[HABIT_MAX_W] * p->peak_memory, MIN(first, 1.5 * second));
    pair = second_highest(c, RING_ZERO, n);
    first = pair.first;
    second = pair.second;
    c[HABIT_ZERO_H] = second;
    c[LIMIT_ZERO_H] = run_limit(p, first, second, p->zero_hours, 1);
    pair = second_highest(c, RING_SAME, n);
    first = pair.first;
    second = pair.second;
    c[HABIT_SAME_H] = second;
    c[LIMIT_SAME_H] = run_limit(p, first, second, p->stuck_hours, 0);
}

/* Column `k` of the ring of days, sorted. */
static void sorted_days(const double *c, int64_t k, int64_t n, double *sorted) {
    for (int64_t i = 0; i < n; i++) {
        sorted[i] = c[RING_BASE + 4 * i + k];
    }
    qsort(sorted, n, sizeof(double), ascending);
}

/* Base load of the last days, W (the method of profile.base_load, from daily figures). */
static double estimate_base(double *c) {
    int64_t n = (int64_t)c[BASE_N];
    double floors[RING], quarters[RING], halves[RING], means[RING];
    if (n < 3) {
        return NAN;
    }
    sorted_days(c, 0, n, floors);
    sorted_days(c, 1, n, quarters);
    double level = floors[n / 2];
    c[RESTLESS] = level >= LEVEL_SHARE * quarters[n / 2] ? 0.0 : 1.0;
    if (level > 0.0 && c[RESTLESS] == 0.0) {
        return level;
    }
    sorted_days(c, 3, n, means);
    double low = means[(int64_t)(0.05 * (n - 1))];
    double lower_quarter = means[(int64_t)(0.25 * (n - 1))];
    if (low >= DAILY_LEVEL_SHARE * lower_quarter) {
        return lower_quarter;
    }
    sorted_days(c, 2, n, halves);
    low = halves[(int64_t)(0.05 * (n - 1))];
    /* Weather lies on every day of a season: milder weeks are remembered and fade slowly. */
    if (c[BASE_MEMORY_W] > 0.0) {
        low = MIN(low, c[BASE_MEMORY_W] * 1.003);
    }
    c[BASE_MEMORY_W] = low;
    return low;
}

/* Write the day's row and learn from it; tail : µs of the day after its last interval. */
static void close_day(double *c, const Parameters *p, Table *days, int64_t *count, int64_t device,
                      double tail, double decided) {
    int64_t n, solar, at, i;
    double second_lowest, measured, length, step, first, second, mean;
    double hours[MOST_HOURS];
    if (c[HAS_DAY] == 0.0) {
        return;
    }
    flush_hour(c, p);
    n = (int64_t)c[HOURS_N];
    second_lowest = NAN;
    solar = is_solar(c, p);
    if (n >= (solar ? 4 : 18) && c[INTERVAL_US] <= 2.0 * HOUR_US_F) {
        sort_into(hours, c + HOURS, n);
        second_lowest = hours[1];
        if (c[DAY_TAINTED] == 0.0) {
            first = 0.0;
            second = 0.0;
            for (i = 0; i < n; i++) {
                if (i < 12) {
                    first += c[HOURS + i];
                } else {
                    second += c[HOURS + i];
                }
            }
            mean = (first + second) / n;
            c[CLOSED] = 1.0;
            c[CLOSED_START] = c[DAY_START];
            c[CLOSED_LOW_W] = second_lowest;
            c[CLOSED_QUARTER_W] = hours[n / 4];
            c[CLOSED_MEDIAN_W] = hours[n / 2];
            c[CLOSED_MEAN_W] = mean;
            c[CLOSED_TOP_W] = c[DAY_HABIT_MAX_W];
            if (solar != (c[DROPS_SOLAR] > 0.0)) {
                c[DROPS_SOLAR] = solar ? 1.0 : 0.0;
                c[DROP_N] = 0.0;
            }
            at = RING_BASE + 4 * (int64_t)c[BASE_AT];
            c[at] = second_lowest;
            c[at + 1] = hours[n / 4];
            c[at + 2] = n < 18 ? mean : MIN(first / 12.0, second / (n - 12));
            c[at + 3] = mean;
            c[BASE_AT] = fmod(c[BASE_AT] + 1.0, RING);
            c[BASE_N] = MIN(c[BASE_N] + 1.0, RING);
            c[BASE_LOAD_W] = estimate_base(c);
        }
    }
    if (c[DAY_MEASURED_US] >= 0.5 * DAY_US_F) {
        learn_habits(c, p);
    }
    measured = c[DAY_MEASURED_US];
    length = c[DAY_LEAD_US] + measured + c[DAY_ESTIMATED_US] + c[DAY_MISSING_US] + MAX(tail, 0.0);
    at = count[1];
    if (at < days->room) {
        step = c[INTERVAL_US];
        days->at[at * days->width + 0] = device;
        days->at[at * days->width + 1] = c[DAY];
        days->at[at * days->width + 2] = c[DAY_START];
        days->at[at * days->width + 3] = c[DAY_KWH];
        days->at[at * days->width + 4] = c[DAY_ESTIMATED_KWH];
        days->at[at * days->width + 5] = floor(length / step + 0.5);
        days->at[at * days->width + 6] = floor(measured / step + 0.5);
        days->at[at * days->width + 7] = floor(c[DAY_ESTIMATED_US] / step + 0.5);
        days->at[at * days->width + 8] = c[DAY_MAX_W] > -INFINITY ? c[DAY_MIN_W] : NAN;
        days->at[at * days->width + 9] = c[DAY_MAX_W] > -INFINITY ? c[DAY_MAX_W] : NAN;
        days->at[at * days->width + 10] = c[DAY_PEAK_T];
        days->at[at * days->width + 11] = second_lowest;
        days->at[at * days->width + 12] = c[BASE_LOAD_W];
        days->at[at * days->width + 13] = c[DAY_KWH] > 0.0 ? c[DAY_NIGHT_KWH] / c[DAY_KWH] : NAN;
        days->at[at * days->width + 14] = decided;
    }
    count[1] = at + 1;
    for (i = 0; i < 3; i++) {
        c[TOP + 3 + i] = c[TOP + i];
        c[TOP + i] = 0.0;
    }
    c[HAS_DAY] = 0.0;
}

/* Grade a drop by what is left: 1, below 0.6 2, below 0.3 3. */
static double drop_severity(double share) {
    if (share < 0.3) {
        return 3.0;
    }
    return share < 0.6 ? 2.0 : 1.0;
}

/* Median (upper, for an even number) of a figure of the days first to end. */
static double middle(const double *c, int64_t figure, int64_t first, int64_t end) {
    double values[DROP_DAYS];
    for (int64_t i = first; i < end; i++) {
        values[i - first] = c[DROPS + DROP_FIGURES * i + figure];
    }
    qsort(values, end - first, sizeof(double), ascending);
    return values[(end - first) / 2];
}

/* Robust standard deviation of a figure of the days first to end. */
static double scatter(const double *c, int64_t figure, int64_t first, int64_t end, double centre) {
    double values[DROP_DAYS];
    for (int64_t i = first; i < end; i++) {
        values[i - first] = fabs(c[DROPS + DROP_FIGURES * i + figure] - centre);
    }
    qsort(values, end - first, sizeof(double), ascending);
    return MAD_TO_SIGMA * values[(end - first) / 2];
}

/* Mean power of the days first to end, W. */
static double mean_of_days(const double *c, int64_t first, int64_t end) {
    double total = 0.0;
    for (int64_t i = first; i < end; i++) {
        total += c[DROPS + DROP_FIGURES * i + MEAN];
    }
    return total / (end - first);
}

/* Put the closed day behind the others; the oldest goes if there are too many. */
static void keep_day(double *c) {
    int64_t n = (int64_t)c[DROP_N];
    if (n == DROP_DAYS) {
        for (int64_t i = 0; i < DROP_FIGURES * (DROP_DAYS - 1); i++) {
            c[DROPS + i] = c[DROPS + i + DROP_FIGURES];
        }
        n--;
    }
    for (int64_t i = 0; i < DROP_FIGURES; i++) {
        c[DROPS + DROP_FIGURES * n + i] = c[CLOSED_START + i];
    }
    c[DROP_N] = n + 1.0;
}

/* Follow an open drop through a day: clear it after two calm days, or when it is habit. */
static void follow_drop(double *c, const Parameters *p, Table *out, int64_t *count,
                        int64_t device, double decided) {
    double start = c[CLOSED_START];
    if (c[CLOSED_START + (int64_t)c[DROP_LOW]] > c[DROP_BACK_W]) {
        if (c[DROP_CALM_T] > 0.0) {
            clear_anomaly(c, out, count, device, DROP, c[DROP_CALM_T], decided);
        } else {
            c[DROP_CALM_T] = start;
        }
        return;
    }
    c[DROP_CALM_T] = 0.0;
    if (start - c[ANOMALY + 5 * DROP] > p->drop_longest_days * DAY_US_F) {
        clear_anomaly(c, out, count, device, DROP, start, decided);
        c[DROP_N] = 0.0;
    }
}

/* Tell whether the median of a figure of the days first to end is at least `least`. */
static int64_t more_than_half(const double *c, int64_t figure, int64_t first, int64_t end,
                              double least) {
    int64_t below = 0;
    for (int64_t i = first; i < end; i++) {
        if (c[DROPS + DROP_FIGURES * i + figure] < least) {
            below++;
        }
    }
    return below <= (end - first) / 2;
}

/* Choose the lowest figure of a day that says something; 0 = none. */
static int64_t tell_figure(const double *c, const Parameters *p, int64_t first, int64_t split) {
    double least = MAX(p->drop_least_w, p->drop_steps * c[QUANTUM_KWH] * 1000.0);
    for (int64_t figure = 1; figure <= MEDIAN; figure++) {
        if (more_than_half(c, figure, first, split, least)) {
            return figure;
        }
    }
    return 0;
}

/* Highest interval of the days first to end, W. */
static double top_of(const double *c, int64_t first, int64_t end) {
    double top = 0.0;
    for (int64_t i = first; i < end; i++) {
        top = MAX(top, c[DROPS + DROP_FIGURES * i + HIGHEST]);
    }
    return top;
}

/* Median (upper, for an even number) of the highest intervals of the weeks before, W. */
static double usual_top(const double *c, int64_t split) {
    double tops[DROP_DAYS / DROP_WEEK];
    int64_t weeks = split / DROP_WEEK, end;
    for (int64_t i = 0; i < weeks; i++) {
        end = split - i * DROP_WEEK;
        tops[i] = top_of(c, end - DROP_WEEK, end);
    }
    qsort(tops, weeks, sizeof(double), ascending);
    return tops[weeks / 2];
}

/* Lowest median of a figure over any week before day `end` with people at home, W. */
static double lowest_week(const double *c, const Parameters *p, int64_t figure, int64_t end,
                          double top) {
    double lowest = INFINITY, median;
    for (int64_t i = 0; i < end - DROP_WEEK + 1; i++) {
        if (top_of(c, i, i + DROP_WEEK) >= p->drop_past_top * top) {
            median = middle(c, figure, i, i + DROP_WEEK);
            lowest = MIN(lowest, median);
        }
    }
    return lowest;
}

/* Tell whether what is left of a figure is between shares of what is left of low hours. */
static int64_t within(double now, double usual, double low_left, double least, double most) {
    return least * low_left * usual <= now && now <= most * low_left * usual;
}

/* Tell whether mean and median have fallen as the low hours have; left : share of those. */
static int64_t fell_by_use(const double *c, const Parameters *p, int64_t first, int64_t split,
                           double left, double mean, double usual, double median,
                           double median_usual, double top, double top_usual) {
    double centre;
    if (mean >= p->drop_share * usual || median >= p->drop_share * median_usual) {
        return 0;
    }
    if (!within(mean, usual, left, p->drop_shape, p->drop_shape_over) ||
        !within(median, median_usual, left, p->drop_shape, p->drop_shape_over) ||
        !within(top, top_usual, left, p->drop_top, p->drop_top_over)) {
        return 0;
    }
    centre = middle(c, MEAN, first, split);
    return usual - mean > p->drop_scatter * scatter(c, MEAN, first, split, centre);
}

/* Tell whether the highest interval has fallen as the low hours have. */
static int64_t fell_by_appliances(const Parameters *p, double left, double fall, double mean,
                                  double usual, double median, double median_usual, double top,
                                  double top_usual) {
    if (fall <= p->drop_appliance_scatter || mean > p->drop_most_mean * left * usual) {
        return 0;
    }
    if (median >= p->drop_appliance_share * median_usual) {
        return 0;
    }
    return within(median, median_usual, left, p->drop_least_shape, p->drop_most_shape) &&
           within(top, top_usual, left, p->drop_appliance, p->drop_appliance_over);
}

/* Width of a figure of the days first to end without the lowest and the highest day. */
static double middle_width(const double *c, int64_t figure, int64_t first, int64_t end) {
    double values[DROP_DAYS];
    for (int64_t i = first; i < end; i++) {
        values[i - first] = c[DROPS + DROP_FIGURES * i + figure];
    }
    qsort(values, end - first, sizeof(double), ascending);
    return values[end - first - 2] - values[1];
}

/* Take the day that was closed last; raise, follow or clear a drop. */
static void judge_drop(double *c, const Parameters *p, Table *out, int64_t *count, int64_t device,
                       double decided) {
    int64_t n, split, first, figure, above, onset, earliest, i;
    double mean, usual, low_usual, low, median_usual, median, back, begin, best, gain;
    double spread, fall, top, top_usual, left;
    if (c[CLOSED] == 0.0) {
        return;
    }
    c[CLOSED] = 0.0;
    if (is_open(c, DROP)) {
        follow_drop(c, p, out, count, device, decided);
        return;
    }
    keep_day(c);
    n = (int64_t)c[DROP_N];
    split = n - DROP_WEEK;
    if (split < p->drop_history_days) {
        return;
    }
    first = MAX(split - REFERENCE_DAYS, 0);
    figure = tell_figure(c, p, first, split);
    if (figure == 0) {
        return;
    }
    low = middle(c, figure, split, n);
    if (!more_than_half(c, figure, first, split, low / p->drop_low_share)) {
        return;
    }
    low_usual = middle(c, figure, first, split);
    above = 0;
    for (i = split; i < n; i++) {
        if (c[DROPS + DROP_FIGURES * i + figure] >= p->drop_day_share * low_usual) {
            above++;
        }
    }
    spread = scatter(c, figure, first, split, low_usual);
    fall = (low_usual - low) / MAX(spread, 1e-6);
    if (above > 1 || fall <= p->drop_low_scatter) {
        return;
    }
    top = top_of(c, split, n);
    if (low >= p->drop_past_share * lowest_week(c, p, figure, split, top)) {
        return;
    }
    if (low_usual - low < p->drop_over_spread * middle_width(c, figure, split, n)) {
        return;
    }
    left = low / low_usual;
    mean = mean_of_days(c, split, n);
    usual = mean_of_days(c, first, split);
    median = middle(c, MEDIAN, split, n);
    median_usual = middle(c, MEDIAN, first, split);
    top_usual = usual_top(c, split);
    if (!fell_by_use(c, p, first, split, left, mean, usual, median, median_usual, top,
                     top_usual) &&
        !fell_by_appliances(p, left, fall, mean, usual, median, median_usual, top, top_usual)) {
        return;
    }
    back = 0.5 * (low + low_usual);
    onset = split;
    best = -INFINITY;
    gain = 0.0;
    earliest = MAX(split - DROP_WEEK, 0);
    for (i = n - 1; i >= earliest; i--) {
        gain += fabs(c[DROPS + DROP_FIGURES * i + figure] - low_usual);
        gain -= fabs(c[DROPS + DROP_FIGURES * i + figure] - low);
        if (gain > best) {
            best = gain;
            onset = i;
        }
    }
    begin = c[DROPS + DROP_FIGURES * onset];
    raise_anomaly(c, out, count, device, DROP, begin, mean, usual, p->drop_share * usual,
                  drop_severity(left), decided);
    c[DROP_LOW] = figure;
    c[DROP_BACK_W] = back;
    c[DROP_CALM_T] = 0.0;
    c[DROP_N] = onset;
}

/* Judge a measured interval, then let it teach if nothing is wrong with it. */
static void judge(double *c, const Parameters *p, Table *anomalies, int64_t *count,
                  int64_t device, double start, double end, double local, double energy,
                  double power, double decided) {
    double usual, length, hour;
    int64_t zero, same, spike, negative, muted;
    usual = usual_power(c, local);
    negative = judge_negative(c, p, anomalies, count, device, start, local, power, usual, decided);
    zero = judge_zero(c, p, anomalies, count, device, start, end, power, decided);
    same = judge_same(c, p, anomalies, count, device, start, end, energy, c[ZERO_US] > 0.0,
                      decided);
    spike = judge_spike(c, p, anomalies, count, device, start, end, power, usual, decided);
    muted = c[MUTE] > 0.0;
    c[MUTE] = 0.0;
    c[EXPORTING] = 0.0;
    if (zero || same) {
        c[DAY_TAINTED] = 1.0;
        c[BLOCK_TAINTED] = 1.0;
    }
    if (zero || same || spike || negative || muted) {
        return;
    }
    length = end - start;
    hour = floor(start / HOUR_US_F);
    if (hour != c[HOUR]) {
        flush_hour(c, p);
        c[HOUR] = hour;
        c[HOUR_LOCAL] = floor((local - floor(local / DAY_US_F) * DAY_US_F) / HOUR_US_F);
    }
    c[HOUR_KWH] += energy;
    c[HOUR_US] += length;
    c[DAY_HABIT_MAX_W] = MAX(c[DAY_HABIT_MAX_W], power);
    if (power > c[TOP]) {
        c[TOP + 2] = c[TOP + 1];
        c[TOP + 1] = c[TOP];
        c[TOP] = power;
    } else if (power > c[TOP + 1]) {
        c[TOP + 2] = c[TOP + 1];
        c[TOP + 1] = power;
    } else if (power > c[TOP + 2]) {
        c[TOP + 2] = power;
    }
    if (!is_open(c, RISE) && !is_open(c, DROP)) {
        teach_profile(c, p, local, power);
    }
}

/* Write an interval's row and let everything that follows intervals see it. */
static void push(double *c, const Parameters *p, Table *out, int64_t *count, int64_t device,
                 double start, double end, double local, double energy, double status,
                 double estimated, double reason, double decided) {
    double length, day, hour, power, tail;
    int64_t contiguous;
    write_interval(&out[0], count, device, start, end, local, energy, status, estimated, reason,
                   decided);
    length = end - start;
    day = floor(local / DAY_US_F);
    contiguous = fabs(start - c[NEXT_START]) <= 0.5 * c[INTERVAL_US];
    if (c[HAS_DAY] > 0.0 && day > c[DAY]) {
        tail = contiguous ? 0.0 : (c[DAY] + 1.0) * DAY_US_F - c[DAY_END_LOCAL];
        close_day(c, p, &out[1], count, device, tail, decided);
        judge_drop(c, p, &out[2], count, device, decided);
    }
    if (c[HAS_DAY] == 0.0) {
        open_day(c, day, start, contiguous ? 0.0 : local - day * DAY_US_F);
    }
    enter_block(c, p, &out[2], count, device, local, start, decided);
    c[NEXT_START] = end;
    c[DAY_END_LOCAL] = local + length;
    if (energy != energy || status <= UNUSABLE) {
        c[DAY_MISSING_US] += length;
        return;
    }
    if (status < READ || estimated > 0.0) {
        c[DAY_ESTIMATED_KWH] += energy;
        c[DAY_ESTIMATED_US] += length;
        return;
    }
    c[DAY_KWH] += energy;
    c[DAY_MEASURED_US] += length;
    hour = (local - day * DAY_US_F) / HOUR_US_F;
    if (hour >= p->night_from_h || hour < p->night_to_h) {
        c[DAY_NIGHT_KWH] += energy;
    }
    if (length < 0.99 * c[INTERVAL_US]) {
        return;
    }
    power = energy * 3600000000000.0 / length;
    c[DAY_MIN_W] = MIN(c[DAY_MIN_W], power);
    if (power > c[DAY_MAX_W]) {
        c[DAY_MAX_W] = power;
        c[DAY_PEAK_T] = start;
    }
    judge(c, p, &out[2], count, device, start, end, local, energy, power, decided);
    c[LAST_E] = power;
    c[HAS_LAST_E] = 1.0;
}

/* Write both rows of a gap: it is found when the next reading ends it. */
static void write_gap(double *c, Table *anomalies, int64_t *count, int64_t device, double start,
                      double end, double limit_us, double usual_us, double decided) {
    double hours, severity;
    hours = (end - start) / HOUR_US_F;
    severity = 1.0;
    if (hours >= 6.0) {
        severity = hours >= 24.0 ? 3.0 : 2.0;
    }
    raise_anomaly(c, anomalies, count, device, GAP, start, hours, usual_us / HOUR_US_F,
                  limit_us / HOUR_US_F, severity, decided);
    clear_anomaly(c, anomalies, count, device, GAP, end, decided);
}

/* End runs and spikes where the data break off for long. */
static void end_runs(double *c, Table *anomalies, int64_t *count, int64_t device, double decided) {
    end_zero(c, anomalies, count, device, c[ZERO_END], decided);
    end_same(c, anomalies, count, device, c[SAME_END], decided);
    if (is_open(c, SPIKE)) {
        clear_anomaly(c, anomalies, count, device, SPIKE, c[NEXT_START], decided);
    }
    if (is_open(c, NEGATIVE)) {
        clear_anomaly(c, anomalies, count, device, NEGATIVE, c[NEXT_START], decided);
    }
}

/* Estimate the missing intervals before t: a straight line, or the meter's own profile. */
static void fill(double *c, const Parameters *p, Table *out, int64_t *count, int64_t device,
                 double t, double local, double energy, double length, double hole,
                 double missing) {
    double start, offset, after, before, begin, end, usual, tail;
    int64_t i;
    start = c[NEXT_START];
    offset = c[LAST_OFFSET];
    if (hole > p->longest_fill_s * 1e6) {
        end_runs(c, &out[2], count, device, t);
        write_interval(&out[0], count, device, start, t, start + offset, NAN, MISSING, 0.0, HOLE,
                       t);
        if (c[HAS_DAY] > 0.0) {
            tail = (c[DAY] + 1.0) * DAY_US_F - c[DAY_END_LOCAL];
            close_day(c, p, &out[1], count, device, tail, t);
            judge_drop(c, p, &out[2], count, device, t);
        }
        c[NEXT_START] = 0.0;
        return;
    }
    after = energy * 3600000000000.0 / length;
    before = c[HAS_LAST_E] > 0.0 ? c[LAST_E] : after;
    for (i = 0; i < (int64_t)missing; i++) {
        begin = start + i * length;
        end = i == (int64_t)missing - 1 ? t : begin + length;
        usual = NAN;
        if (hole > p->line_fill_s * 1e6) {
            usual = usual_power(c, begin + offset);
        }
        if (usual != usual) {
            usual = before + (after - before) * (i + 1.0) / (missing + 1.0);
        }
        push(c, p, out, count, device, begin, end, begin + offset,
             usual * (end - begin) / 3600000000000.0, usual == usual ? SUBSTITUTE : MISSING,
             usual == usual ? 1.0 : 0.0, HOLE, t);
    }
}

/* Note a power (W) above the limit; tell whether a row of them shows a larger connection. */
static int64_t shows_larger(double *c, const Parameters *p, double start, double end,
                            double power) {
    double size;
    int64_t follows, alike;
    size = fabs(power);
    follows = c[OVER_N] > 0.0 && c[OVER_T] == start && size != c[OVER_W];
    alike = 0.5 * c[OVER_W] <= size && size <= 2.0 * c[OVER_W];
    c[OVER_N] = follows && alike ? c[OVER_N] + 1.0 : 1.0;
    c[OVER_W] = size;
    c[OVER_T] = end;
    if (c[OVER_N] < p->larger_values) {
        return 0;
    }
    c[OVER_N] = 0.0;
    c[LIMIT_W] = 2.0 * size;
    return 1;
}

/* Tell whether the energy (kWh) of the interval from t cannot be use. */
static int64_t is_impossible(double *c, const Parameters *p, double t, double energy,
                             double length, int64_t read) {
    double kw;
    kw = fabs(energy) * HOUR_US_F / length;
    if (kw > limit_kw(c, p)) {
        return !read || !shows_larger(c, p, t, t + length, kw * 1000.0);
    }
    return c[HABIT_DAYS] >= p->habit_days && kw > p->code_factor * own_highest_kw(c) &&
           is_code(energy);
}

/* Estimate one interval from what is known at its time, kWh; NAN without anything. */
static double substitute(double *c, double local, double length) {
    double power;
    power = usual_power(c, local);
    if (power != power && c[HAS_LAST_E] > 0.0) {
        power = c[LAST_E];
    }
    return power * length / 3600000000000.0;
}

/* Take the energy (kWh) of the interval that starts at t; fill the hole before it. */
static void take_energy(double *c, const Parameters *p, Table *out, int64_t *count,
                        int64_t device, double t, double local, double energy, double length,
                        double status) {
    double hole, missing, limit, observed;
    int64_t refused, known;
    c[INTERVAL_US] = length;
    refused = 0;
    if (fabs(energy) * HOUR_US_F > p->doubt_kw * length && status > UNUSABLE) {
        refused = is_impossible(c, p, t, energy, length, status >= READ);
    }
    observed = energy;
    if (refused) {
        energy = substitute(c, local, length);
    }
    if (c[NEXT_START] > 0.0) {
        hole = t - c[NEXT_START];
        missing = floor(hole / length + 0.5);
        if (hole > MAX(p->gap_hours * HOUR_US_F, p->gap_intervals * length)) {
            limit = MAX(p->gap_hours * HOUR_US_F, p->gap_intervals * length);
            write_gap(c, &out[2], count, device, c[NEXT_START], t, limit, length, t);
        }
        if (missing >= 1.0) {
            fill(c, p, out, count, device, t, local, energy, length, hole, missing);
            c[MUTE] = 1.0;
        }
    }
    if (refused) {
        known = energy == energy;
        push(c, p, out, count, device, t, t + length, local, energy,
             known ? SUBSTITUTE : UNUSABLE, known ? 1.0 : 0.0, IMPLAUSIBLE, t);
        if (status >= READ) {
            judge_refused(c, p, &out[2], count, device, t, observed, length,
                          usual_power(c, local), t);
        }
        return;
    }
    push(c, p, out, count, device, t, t + length, local, energy, status, 0.0, AS_READ, t);
}

/* The distance of a register's reads from which on it was silent, us. */
static double silence_us(const double *c, const Parameters *p) {
    double limit;
    limit = MAX(p->gap_hours * HOUR_US_F, p->gap_intervals * c[INTERVAL_US]);
    return MAX(limit, p->gap_usual * c[USUAL_US]);
}

/* Tell whether a register can have gone from one read to another. */
static int64_t plausible(double *c, const Parameters *p, double t_from, double kwh_from, double t,
                         double kwh) {
    double use, hours;
    use = kwh - kwh_from;
    hours = (t - t_from) / HOUR_US_F;
    return -p->register_jitter_kwh <= use &&
           use <= p->register_burst_kwh + connection_kw(c, p) * hours;
}

/* The meter's mean power by its load profile, kW. */
static double mean_kw(const double *c) {
    double total, known;
    int64_t slot;
    total = 0.0;
    known = 0.0;
    for (slot = 0; slot < 48; slot++) {
        if (c[PROFILE_N + slot] > 0.0) {
            total += c[PROFILE + slot];
            known += 1.0;
        }
    }
    return known > 0.0 ? total / known / 1000.0 : 0.0;
}

/* Tell whether this home can have used so much (kWh) in hours of silence. */
static int64_t within_habit(double *c, const Parameters *p, double use, double hours) {
    double factor, highest, usual, full;
    if (c[HABIT_DAYS] < 1.0) {
        return 1;
    }
    factor = p->silence_factor * (c[HABIT_DAYS] >= p->habit_days ? 1.0 : 2.0);
    highest = own_highest_kw(c);
    usual = MAX(factor * mean_kw(c), p->silence_share * highest);
    full = MIN(hours, p->silence_full_h);
    return use <= p->register_burst_kwh + MAX(highest, usual) * full + usual * (hours - full);
}

/* Tell whether the register can have gone from its last accepted read to this one as use. */
static int64_t believable(double *c, const Parameters *p, double t, double kwh) {
    if (!plausible(c, p, c[REG_MOVED], c[REG_KWH], t, kwh)) {
        return 0;
    }
    if (c[READS] < 3.0 || t - c[REG_T] <= silence_us(c, p)) {
        return 1;
    }
    return within_habit(c, p, kwh - c[REG_KWH], (t - c[REG_MOVED]) / HOUR_US_F);
}

/* Tell whether a believable step is more than this home has shown. */
static int64_t doubtful(double *c, const Parameters *p, double t, double kwh) {
    double hours, most;
    hours = MAX(t - c[REG_MOVED], c[INTERVAL_US]);
    hours = MAX(hours, p->doubt_s * 1e6) / HOUR_US_F;
    most = MAX(p->doubt_kw, p->doubt_factor * own_highest_kw(c));
    return kwh - c[REG_KWH] > most * hours;
}

/* How long a step can be undone, us. */
static double undo_us(const double *c, const Parameters *p) {
    return MAX(p->undo_s * 1e6, p->undo_reads * c[USUAL_US]);
}

/* Tell whether the register is where it would be without its greatest step of late. */
static int64_t came_back(double *c, const Parameters *p, double t, double kwh) {
    if (c[JUMP_T] == 0.0 || t - c[JUMP_T] > undo_us(c, p)) {
        return 0;
    }
    if (c[REG_KWH] - kwh > MAX(c[JUMP_USE], c[JUMP_LOST]) + p->register_jitter_kwh) {
        return 0;
    }
    return plausible(c, p, c[JUMP_T], c[JUMP_KWH], t, kwh);
}

/* Begin the interval at t with the register (kWh) there; read : 1 = it was read. */
static void open_interval(double *c, double t, double offset, double kwh, double read) {
    c[OPEN_START] = t;
    c[OPEN_LOCAL] = t + offset;
    c[OPEN_KWH] = kwh;
    c[OPEN_READ] = read;
}

/* Take the first read of a register: energy counts from here. */
static void start_register(double *c, double t, double offset, double kwh) {
    c[REG_T] = t;
    c[REG_KWH] = kwh;
    c[REG_MOVED] = t;
    c[HELD_T] = 0.0;
    c[JUMP_T] = 0.0;
    c[JUMP_USE] = 0.0;
    c[JUMP_LOST] = 0.0;
    open_interval(c, t, offset, kwh, 1.0);
}

/* Close the open interval with the register (kWh) at its end and begin the next. */
static void close_interval(double *c, const Parameters *p, Table *out, int64_t *count,
                           int64_t device, double end, double kwh, double read, double offset,
                           double reason, double decided) {
    int64_t is_read;
    double status, energy;
    is_read = read > 0.0 && c[OPEN_READ] > 0.0;
    status = is_read ? READ : SUBSTITUTE;
    energy = kwh - c[OPEN_KWH];
    push(c, p, out, count, device, c[OPEN_START], end, c[OPEN_LOCAL], energy, status,
         is_read ? 0.0 : 1.0, is_read ? AS_READ : reason, decided);
    open_interval(c, end, offset, kwh, read);
}

/* What this home usually uses from begin to end, apart from the unit. */
static double usual_of(double *c, double begin, double end) {
    double usual;
    usual = usual_power(c, begin + c[LAST_OFFSET]);
    if (usual < 0.0) {
        usual = 0.0;
    }
    return usual * (end - begin);
}

/* Sum of usual_of over the pieces between edges; 0 where an hour is not known. */
static double usual_of_hole(double *c, double t_from, double t, double edge) {
    double total, begin, end, usual;
    total = 0.0;
    begin = t_from;
    while (begin < t) {
        end = MIN(edge, t);
        usual = usual_of(c, begin, end);
        if (usual != usual) {
            return 0.0;
        }
        total += usual;
        begin = end;
        edge += c[INTERVAL_US];
    }
    return total;
}

/* Book the use between the last accepted read and this one on the grid of intervals. */
static void segment(double *c, const Parameters *p, Table *out, int64_t *count, int64_t device,
                    double t, double offset, double kwh, double reason, double decided) {
    double t_from, kwh_from, length, elapsed, use, limit, old, edge, at_edge, read;
    double total, so_far, begin, share;
    int64_t near, exact, undoes, greatest;
    t_from = c[REG_T];
    kwh_from = c[REG_KWH];
    length = c[INTERVAL_US];
    elapsed = t - t_from;
    use = kwh - kwh_from;
    undoes = reason == CORRECTED;
    if (use < 0.0 && !undoes) {
        use = 0.0;
    }
    kwh = kwh_from + use;
    greatest = use >= c[JUMP_USE] && c[JUMP_LOST] == 0.0;
    if (!undoes && (greatest || t_from - c[JUMP_T] > undo_us(c, p))) {
        c[JUMP_T] = t_from;
        c[JUMP_KWH] = kwh_from;
        c[JUMP_USE] = use;
        c[JUMP_LOST] = 0.0;
    }
    limit = MAX(p->gap_hours * HOUR_US_F, p->gap_intervals * length);
    limit = MAX(limit, p->gap_usual * c[USUAL_US]);
    if (c[READS] >= 3.0 && elapsed > limit) {
        write_gap(c, &out[2], count, device, t_from, t, limit, c[USUAL_US], decided);
    }
    near = elapsed <= p->bracket_intervals * length && !undoes;
    if (use > 0.0) {
        c[REG_MOVED] = t;
    }
    old = c[LAST_OFFSET];
    edge = (floor(c[OPEN_START] / length) + 1.0) * length;
    if (!near && c[READS] >= 1.0) {
        c[MUTE] = 1.0;
    }
    total = 0.0;
    if (!near && !undoes && elapsed > p->line_fill_s * 1e6 &&
        elapsed <= p->longest_spread_s * 1e6) {
        total = usual_of_hole(c, t_from, t, edge);
    }
    so_far = 0.0;
    begin = t_from;
    while (edge <= t) {
        exact = edge == t;
        share = (edge - t_from) / elapsed;
        if (total > 0.0) {
            so_far += usual_of(c, begin, edge);
            begin = edge;
            share = so_far / total;
        }
        at_edge = exact ? kwh : kwh_from + use * share;
        read = near || exact ? 1.0 : 0.0;
        close_interval(c, p, out, count, device, edge, at_edge, read, exact ? offset : old,
                       reason, decided);
        edge += length;
        if (!near && edge < t && elapsed > p->longest_spread_s * 1e6) {
            edge = floor(t / length) * length;
        }
    }
    c[USUAL_US] += c[READS] == 0.0
                       ? elapsed
                       : 0.1 * (MIN(elapsed, 4.0 * c[USUAL_US]) - c[USUAL_US]);
    c[READS] += 1.0;
    c[REG_T] = t;
    c[REG_KWH] = kwh;
}

/* End the old register's counting and begin anew at t: what lies between is not known. */
static void break_register(double *c, const Parameters *p, Table *out, int64_t *count,
                           int64_t device, double t, double offset, double kwh, double reason,
                           double decided) {
    double t_from, kwh_from;
    if (c[REG_T] > c[OPEN_START]) {
        close_interval(c, p, out, count, device, c[REG_T], c[REG_KWH], 1.0, c[LAST_OFFSET], HOLE,
                       decided);
    }
    push(c, p, out, count, device, c[OPEN_START], t, c[OPEN_LOCAL], NAN, MISSING, 0.0, reason,
         decided);
    end_runs(c, &out[2], count, device, decided);
    t_from = c[REG_T];
    kwh_from = c[REG_KWH];
    start_register(c, t, offset, kwh);
    if (reason != EXCHANGED) {
        c[JUMP_T] = t_from;
        c[JUMP_KWH] = kwh_from;
        c[JUMP_LOST] = kwh - kwh_from;
    }
}

/* Take back the greatest step of the last day: this read shows that it was none. */
static void undo(double *c, const Parameters *p, Table *out, int64_t *count, int64_t device,
                 double t, double offset, double kwh) {
    double lost;
    lost = c[JUMP_LOST];
    c[JUMP_T] = 0.0;
    c[JUMP_USE] = 0.0;
    c[JUMP_LOST] = 0.0;
    c[OPEN_READ] = 0.0;
    c[HELD_T] = 0.0;
    segment(c, p, out, count, device, t, offset, kwh + lost, CORRECTED, t);
    c[REG_KWH] = kwh;
    c[REG_MOVED] = t;
    c[OPEN_KWH] -= lost;
}

/* Write both rows of a register that ran backwards. */
static void report_backwards(double *c, const Parameters *p, Table *out, int64_t *count,
                             int64_t device, double start, double end, double observed,
                             double expected, double severity, double decided) {
    raise_anomaly(c, &out[2], count, device, BACKWARDS, start, observed, expected,
                  expected - p->register_jitter_kwh, severity, decided);
    clear_anomaly(c, &out[2], count, device, BACKWARDS, end, decided);
}

/* Report a register's step (kWh) that was refused as the use of its time, and has stayed. */
static void report_step(double *c, const Parameters *p, Table *out, int64_t *count,
                        int64_t device, double start, double end, double use, double decided) {
    double length, usual;
    length = MAX(end - start, c[INTERVAL_US]);
    usual = usual_power(c, start + c[LAST_OFFSET]);
    judge_refused(c, p, &out[2], count, device, start, use, length, usual, decided);
}

/* Decide that the held read was right: a rollover, a reset, or a jump forward. */
static void believe_held(double *c, const Parameters *p, Table *out, int64_t *count,
                         int64_t device, double decided) {
    double t, kwh, offset, before, t_from, moved, wrap, severity, power;
    int64_t heard;
    t = c[HELD_T];
    kwh = c[HELD_KWH];
    offset = c[HELD_OFFSET];
    before = c[REG_KWH];
    t_from = c[REG_T];
    wrap = pow(10.0, p->register_digits);
    if (before < 0.1 * wrap) {
        wrap = 0.1 * wrap;
    }
    c[HELD_T] = 0.0;
    if (kwh < before && before < wrap && plausible(c, p, c[REG_MOVED], before, t, kwh + wrap)) {
        segment(c, p, out, count, device, t, offset, kwh + wrap, HOLE, decided);
        c[REG_KWH] = kwh;
        c[OPEN_KWH] -= wrap;
        c[JUMP_KWH] -= wrap;
        return;
    }
    if (kwh >= before) {
        power = (kwh - before) * 3600000000000.0 / (t - t_from);
        if (shows_larger(c, p, t_from, t, power)) {
            segment(c, p, out, count, device, t, offset, kwh, HOLE, decided);
            c[LAST_OFFSET] = offset;
            return;
        }
    } else if (c[READS] > 0.0) {
        severity = before - kwh >= 10.0 ? 3.0 : 2.0;
        report_backwards(c, p, out, count, device, t, decided, kwh, before, severity, decided);
    }
    heard = t - t_from <= silence_us(c, p);
    moved = c[REG_MOVED];
    break_register(c, p, out, count, device, t, offset, kwh, UNKNOWN_USE, decided);
    if (heard && kwh > before) {
        report_step(c, p, out, count, device, moved, t, kwh - before, decided);
    }
    c[LAST_OFFSET] = offset;
}

/* Let a read wait for the next one; fits : 1 = it may be use. */
static void hold(double *c, double t, double offset, double kwh, double fits) {
    c[HELD_T] = t;
    c[HELD_KWH] = kwh;
    c[HELD_OFFSET] = offset;
    c[HELD_FITS] = fits;
}

/* Accept the held read as use: the next one has not come back. */
static void confirm_held(double *c, const Parameters *p, Table *out, int64_t *count,
                         int64_t device, double decided) {
    double t, kwh, offset;
    t = c[HELD_T];
    kwh = c[HELD_KWH];
    offset = c[HELD_OFFSET];
    c[HELD_T] = 0.0;
    if (c[READS] == 0.0) {
        break_register(c, p, out, count, device, t, offset, kwh, UNKNOWN_USE, decided);
    } else {
        segment(c, p, out, count, device, t, offset, kwh, HOLE, decided);
    }
    c[LAST_OFFSET] = offset;
}

/* Decide that the held read was wrong: this one fits the reads before it. */
static void drop_held(double *c, const Parameters *p, Table *out, int64_t *count, int64_t device,
                      double t, double kwh) {
    if (kwh >= c[HELD_KWH] && c[HELD_KWH] > c[REG_KWH] &&
        c[HELD_T] - c[REG_T] <= silence_us(c, p)) {
        report_step(c, p, out, count, device, c[REG_MOVED], c[HELD_T],
                    c[HELD_KWH] - c[REG_KWH], t);
    }
    if (fabs(c[HELD_KWH]) > p->register_jitter_kwh && c[HELD_KWH] < c[REG_KWH]) {
        report_backwards(c, p, out, count, device, c[HELD_T], t, c[HELD_KWH], c[REG_KWH], 1.0, t);
    }
    c[HELD_T] = 0.0;
}

/* Take a read that is not plainly use, or that follows a held one. */
static void weigh(double *c, const Parameters *p, Table *out, int64_t *count, int64_t device,
                  double t, double offset, double kwh) {
    double jitter, reason;
    int64_t believed, doubted, falls, rises, still_zero, follows;
    jitter = p->register_jitter_kwh;
    if (c[HELD_T] > 0.0 && c[HELD_FITS] > 0.0 && kwh >= c[HELD_KWH] - jitter &&
        plausible(c, p, c[HELD_T], c[HELD_KWH], t, kwh)) {
        confirm_held(c, p, out, count, device, t);
    }
    believed = believable(c, p, t, kwh);
    doubted = !believed || doubtful(c, p, t, kwh);
    falls = kwh < c[REG_KWH] - jitter;
    rises = c[JUMP_LOST] < 0.0 && kwh - c[REG_KWH] >= -c[JUMP_LOST] - jitter;
    if ((falls || rises) && came_back(c, p, t, kwh)) {
        undo(c, p, out, count, device, t, offset, kwh);
        return;
    }
    if (believed) {
        reason = HOLE;
        if (c[HELD_T] > 0.0) {
            drop_held(c, p, out, count, device, t, kwh);
            reason = WRONG_READING;
        }
        if (doubted) {
            hold(c, t, offset, kwh, 1.0);
            return;
        }
        segment(c, p, out, count, device, t, offset, kwh, reason, t);
        return;
    }
    if (is_code(kwh)) {
        return;
    }
    if (c[HELD_T] > 0.0) {
        still_zero = fabs(kwh) <= jitter && fabs(c[HELD_KWH]) <= jitter;
        if (still_zero && t - c[HELD_T] < p->zero_register_s * 1e6) {
            return;
        }
        follows = plausible(c, p, c[HELD_T], c[HELD_KWH], t, kwh);
        believe_held(c, p, out, count, device, t);
        if (follows) {
            segment(c, p, out, count, device, t, offset, kwh, HOLE, t);
            return;
        }
    }
    hold(c, t, offset, kwh, 0.0);
}

/* Take one read (kWh) at t; exchanged : the meter's key changed since the last. */
static void take_register(double *c, const Parameters *p, Table *out, int64_t *count,
                          int64_t device, double t, double offset, double kwh,
                          int64_t exchanged) {
    double use, quiet_us;
    int64_t quiet;
    if (c[OPEN_START] == 0.0) {
        start_register(c, t, offset, kwh);
        return;
    }
    if (exchanged) {
        c[HELD_T] = 0.0;
        break_register(c, p, out, count, device, t, offset, kwh, EXCHANGED, t);
        return;
    }
    use = kwh - c[REG_KWH];
    quiet_us = MAX(c[INTERVAL_US], p->doubt_s * 1e6);
    quiet = -p->register_jitter_kwh <= use && use * HOUR_US_F <= p->doubt_kw * quiet_us;
    if (quiet && c[HELD_T] == 0.0 && c[JUMP_LOST] >= 0.0) {
        segment(c, p, out, count, device, t, offset, kwh, HOLE, t);
        return;
    }
    weigh(c, p, out, count, device, t, offset, kwh);
}

/* Take one sample; row : float64[7] in the order of COLUMNS. */
static void take_sample(double *c, const Parameters *p, Table *out, int64_t *count,
                        int64_t device, double t, double local, double *row) {
    double energy, register_, export_, power, interval_s, quality, key, offset, length, status;
    int64_t exchanged;
    energy = row[0];
    register_ = row[1];
    export_ = row[2];
    power = row[3];
    interval_s = row[4];
    quality = row[5];
    key = row[6];
    offset = local - t;
    if (c[LAST_T] == 0.0) {
        c[LAST_OFFSET] = offset;
    }
    if (key == key) {
        if (c[HAS_KEY] > 0.0 && key != c[METER_KEY]) {
            c[NEW_METER] = 1.0;
        }
        c[METER_KEY] = key;
        c[HAS_KEY] = 1.0;
    }
    if (power == power) {
        c[POWER_W] = power;
        c[HAS_POWER] = 1.0;
    }
    if (export_ == export_) {
        if (c[HAS_EXPORT] > 0.0 && export_ > c[EXPORT_KWH]) {
            c[EXPORTING] = 1.0;
        }
        c[EXPORT_KWH] = export_;
        c[HAS_EXPORT] = 1.0;
    }
    length = c[INTERVAL_US];
    if (interval_s > 0.0) {
        length = interval_s * 1e6;
    } else if (length == 0.0) {
        length = p->interval_s * 1e6;
    }
    if (c[NEW_METER] > 0.0 && c[SOURCE] == 2.0) {
        c[EXPORTING] = 0.0;
    }
    if (energy == energy && c[SOURCE] != 2.0) {
        c[SOURCE] = 1.0;
        c[NEW_METER] = 0.0;
        status = quality == quality ? quality : READ;
        take_energy(c, p, out, count, device, t, local, energy, length, status);
        c[LAST_OFFSET] = offset;
    } else if (register_ == register_ && c[SOURCE] != 1.0 && !(quality <= 1.0)) {
        c[SOURCE] = 2.0;
        c[INTERVAL_US] = length;
        exchanged = c[NEW_METER] > 0.0;
        c[NEW_METER] = 0.0;
        take_register(c, p, out, count, device, t, offset, register_, exchanged);
        c[LAST_OFFSET] = offset;
    }
    c[LAST_T] = t;
}

/* All samples of all devices; the entry for the bench. table : rows of seven columns; tables : of
 * intervals, days and anomalies; p : Parameters; carry is changed. */
void consume(const int64_t *t_us, const int64_t *local_us, double *table, const int64_t *starts,
             int64_t devices, double *carry, const double *p, double *const *tables,
             const int64_t *rooms, const int64_t *widths, int64_t *count) {
    Table out[3];
    for (int64_t k = 0; k < 3; k++) {
        out[k] = (Table){tables[k], rooms[k], widths[k]};
    }
    for (int64_t d = 0; d < devices; d++) {
        double *c = carry + d * CARRY_WIDTH;
        for (int64_t i = starts[d]; i < starts[d + 1]; i++) {
            take_sample(c, (const Parameters *)p, out, count, d, (double)t_us[i],
                        (double)local_us[i], table + 7 * i);
        }
    }
}
