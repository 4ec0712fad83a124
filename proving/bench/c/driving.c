/* The algorithm of feature_kernels/driving in C: motion, trips, harsh events, speeding and crashes.
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
    double accuracy_limit_m, jump_kmh, jump_slack_m, jump_keep_s, frozen_s, frozen_kmh,
        outlier_ratio, outlier_kmh, reach_mps2, chord_slack_m, chord_s, chord_ratio,
        coarse_step_s, kept_m, still_m, kept_s, teleport_m, clock_kmh, apart_ratio, apart_s,
        apart_share, scale_ratio, scale_kmh, least_legs, leg_step_s, varies_kmh, together,
        spike_slack_kmh, spike_mps2,
        spike_late_mps2, doubt_s, doubt_lively_s, doubt_changes, climbed_s,
        climbed_changes, silence_steps, sparse_change_kmh, derive_s, derive_m,
        derive_stand_s, move_kmh, drift_m, candidate_s, stop_s, gap_s, gap_steps,
        sparse_gap_s, sparse_kmh, ignition_off_s, bridge_s, min_distance_m,
        min_duration_s, brief_m, acceleration_mps2, braking_mps2, cornering_mps2,
        severity2_ratio, severity3_ratio, long_event_s, min_event_s, above_s, merge_s,
        release_ratio, rebound_s, speed_ratio, event_kmh, physical_mps2, smooth_s, coarse_s,
        agree_ratio, as_is_s, window_s, window_max_s, trend_s, sparse_s, sparse_keeps_s, jerk_s, held_s, dense_s,
        stairs_kmh, heading_kmh, heading_deg, heading_sure_deg, tolerance_kmh,
        speeding_s, speeding_release_kmh, limit_stale_s, night_from_h, night_to_h,
        crash_low_mps2, crash_delta_v_kmh, crash_window_s, crash_pulse_s, crash_least_s,
        crash_dense_s, crash_drop_kmh, crash_fall_mps2, crash_speed_kmh, collapse_kmh,
        collapse_mps2, collapse_s, crash_settle_s, crash_stand_s,
        crash_stand_collapse_s, gravity_s, calibration_s, calibration_quality;
} Parameters;

/* A portion of the rows, one column behind the other: column k of row i is at[k * n + i]. */
typedef struct {
    double *at;
    int64_t n;
} Columns;

/* Slots of the carry, and constants (carry.py, rows.py and where they are used). */
#define SPEED_RING 24
#define HEADING_RING 12
#define RING_STEP_US 200000.0
#define ACCEL_BINS 25
#define ACCEL_BIN_MPS2 0.2
#define SPEED_BINS 20
#define SPEED_BIN_KMH 10.0
#define RATIO_BINS 16
#define RATIO_BIN 0.1
#define USE_BINS 40
#define USE_BIN 0.05
#define JERK_BINS 30
#define JERK_BIN_MPS3 0.1
#define NOW 0
#define LOCAL_SHIFT 1
#define DEVICE 2
#define IGNITION 3
#define IGNITION_OFF_T 4
#define LIMIT 5
#define LIMIT_T 6
#define POS_LAT 7
#define POS_LON 8
#define POS_T 9
#define FROZEN_T 10
#define JUMP_LAT 11
#define JUMP_LON 12
#define JUMP_T 13
#define JUMP_FIRST_T 14
#define JUMP_N 15
#define ANCHOR_LAT 16
#define ANCHOR_LON 17
#define ANCHOR_T 18
#define SPEED 19
#define SPEED_T 20
#define MEASURED_T 21
#define SPIKE 22
#define SPIKE_T 23
#define SPEED_LAT 24
#define SPEED_LON 25
#define STEP_SIGN 26
#define STEP_T 27
#define STEP_N 28
#define SPEED_DT 29
#define SPEED_ACCEL 30
#define SPEED_ACCEL_T 31
#define LONG 32
#define LONG_T 33
#define LAT 34
#define LAT_T 35
#define ACCEL_T 36
#define ACCEL_DT 37
#define IMPULSE 38
#define IMPULSE_T 39
#define GRAV_X 40
#define GRAV_Y 41
#define GRAV_Z 42
#define GRAV_S 43
#define FRAME_T 44
#define INT_X 45
#define INT_Y 46
#define INT_Z 47
#define INT_S 48
#define COR_X 49
#define COR_Y 50
#define COR_Z 51
#define SPEED_ENERGY 52
#define FRAME_ENERGY 53
#define CALIBRATION_S 54
#define CH_SIGN 0
#define CH_START 1
#define CH_LAST 2
#define CH_PEAK 3
#define CH_V0 4
#define CH_VLAST 5
#define CH_VMAX 6
#define CH_MEASURED 7
#define CH_AGREE 8
#define CH_DT 9
#define CH_LATITUDE 10
#define CH_LONGITUDE 11
#define CH_PREV_SIGN 12
#define CH_PREV_END 13
#define CH_PREV_PEAK 14
#define LONGITUDINAL 55
#define LATERAL 70
#define OVER_START 85
#define OVER_LAST 86
#define OVER_EXCESS 87
#define OVER_LIMIT 88
#define OVER_V0 89
#define OVER_LATITUDE 90
#define OVER_LONGITUDE 91
#define CRASH_T 92
#define CRASH_PEAK 93
#define CRASH_V0 94
#define CRASH_DELTA_V 95
#define CRASH_FALL 96
#define CRASH_STAND_T 97
#define CRASH_IMPULSE 98
#define CRASH_LAT 99
#define CRASH_LON 100
#define CRASH_STAND_LAT 101
#define CRASH_STAND_LON 102
#define TRIP 103
#define TRIP_START 104
#define TRIP_LAT 105
#define TRIP_LON 106
#define STAND_T 107
#define STAND_LAT 108
#define STAND_LON 109
#define STAND_M 110
#define DISTANCE 111
#define DRIVING_S 112
#define IDLE_S 113
#define NIGHT_S 114
#define RUSH_S 115
#define SPEEDING_S 116
#define LIMITED_S 117
#define MEASURED_S 118
#define SAMPLES 119
#define REJECTED 120
#define SUMS 111
#define SUMS_N 10
#define STOOD 121
#define MAX_SPEED 131
#define SPEEDING_N 132
#define CRASH_N 133
#define COUNTS 134
#define ACCEL_HIST 143
#define SPEED_HIST 168
#define RATIO_HIST 188
#define USE_HIST 204
#define JERK_HIST 244
#define ALONG_HIST 274
#define SPARSE_HIST 314
#define COURSE 339
#define COURSE_MINUTES 32
#define MINUTE_US 60e6
#define HISTS_END 371
#define RING_AT 371
#define RING_N 372
#define RING_T 373
#define RING_V 397
#define HEAD_AT 421
#define HEAD_N 422
#define HEAD_T 423
#define HEAD_V 435
#define VEHICLE_T 447
#define HEAD_ACCEL 448
#define HEAD_ACCEL_T 449
#define ABOVE 450
#define WAITS 452
#define COR_V 454
#define COR_T 455
#define CHANGE_T 456
#define STAIRS 457
#define MOTION_T 458
#define STEP_1 459
#define STEP_2 460
#define GAP_US 461
#define DOUBT_T 462
#define DOUBT_V 463
#define DOUBT_LAT 464
#define DOUBT_LON 465
#define DOUBT_POS_T 466
#define DOUBT_N 467
#define DOUBT_CHANGES 468
#define CLIMBED 469
#define ENTRY_T 470
#define ENTRY_CHANGES 471
#define BY_SPEED_M 472
#define BY_SPEED_MORE_M 473
#define BEFORE_LAT 474
#define BEFORE_LON 475
#define BEFORE_T 476
#define LEG_M 477
#define LEG_SPEED_M 478
#define PLACES_ONLY_M 479
#define ZERO_T 480
#define ZERO_LAT 481
#define ZERO_LON 482
#define ZERO_V 483
#define ZERO_M 484
#define ZERO_SEEN_T 485
#define ZERO_VOID 486
#define KEPT_T 487
#define KEPT_V 488
#define KEPT_LAT 489
#define KEPT_LON 490
#define KEPT 491
#define DERIVED_S 492
#define COARSE_S 493
#define SEEN_S 494
#define PLACED_S 495
#define REJECTED_ALL 496
#define CHORD_T 497
#define CHORD_LAT 498
#define CHORD_LON 499
#define CHORD_M 500
#define PULSE_T 501
#define PULSE_LAST 502
#define PULSE_AT 503
#define PULSE_X 504
#define PULSE_Y 505
#define PULSE_Z 506
#define FELT_X 507
#define FELT_Y 508
#define FELT_Z 509
#define TREND_A 510
#define TREND_T 511
#define JUMPS 512
#define COMPARED_S 513
#define APART_S 514
#define CLOCK_T 515
#define PATH_T 516
#define PATH_LAT 517
#define PATH_LON 518
#define PATH_START_T 519
#define PATH_M 520
#define PATH_SPEED_M 521
#define LATERAL_S 522
#define SCALE_S 523
#define SCALE_M 524
#define SCALE_PLACES_M 525
#define LEGS 526
#define LEGS_P 527
#define LEGS_V 528
#define LEGS_PP 529
#define LEGS_VV 530
#define LEGS_PV 531
#define LEGS_APART 532
#define LEGS_FROM_M 533
#define CLOCK_US 60000000.0
#define EARTH_M 6371008.8
#define BRAKING 1.0
#define ACCELERATION 2.0
#define CORNERING 3.0
#define SPEEDING 4.0
#define CRASH 5.0
#define STOP 1.0
#define IGNITION_OFF 2.0
#define GAP 3.0
#define COLUMN_HISTS 32
#define FRESH_US 5000000.0
#define BEFORE_US 4000000.0
#define MOVING_US 2000000.0
#define DROP_US 4000000.0
#define PULSE_US 3000000.0
#define PAUSE_US 30000.0
#define MIN_GRAVITY_MPS2 5.0
#define MIN_CHANGE_MPS2 0.3
#define MEMORY_S 600.0
#define HOUR_US INT64_C(3600000000)
#define SOURCE_US 2000000.0
#define STEP_GAP_US 1250000.0
#define DERIVE_AFTER_US 12000000.0
#define JUMP_FIXES 3.0
#define COLUMN_SPEED 0
#define COLUMN_LAT 1
#define COLUMN_LON 2
#define COLUMN_ACC 3
#define COLUMN_HEADING 4
#define COLUMN_AL 5
#define COLUMN_AT 6
#define COLUMN_AX 8
#define COLUMN_AY 9
#define COLUMN_AZ 10
#define COLUMN_LIMIT 11
#define COLUMN_IGN 12
#define COLUMNS 13
#define SILENT_US 3000000.0
#define CARRY_WIDTH 534
/* What becomes of a measured speed, of a fix, and what speaks for a doubted level. */
#define TAKE 0
#define HOLD 1
#define DERIVE 2
#define REFUSED 0
#define TAKEN 1
#define ANEW 2
#define NONE 0
#define LIVELY 1
#define SEEN 2

static double sign_of(double x) {
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
}

static double highest(const double *values, int64_t n) {
    double found = values[0];
    for (int64_t i = 1; i < n; i++) {
        found = MAX(found, values[i]);
    }
    return found;
}

/* Great-circle distance in m between two places in degrees (haversine). */
static double haversine_m(double lat1, double lon1, double lat2, double lon2) {
    double rad, s1, s2, h;
    rad = M_PI / 180.0;
    s1 = sin((lat2 - lat1) * rad * 0.5);
    s2 = sin((lon2 - lon1) * rad * 0.5);
    h = s1 * s1 + cos(lat1 * rad) * cos(lat2 * rad) * s2 * s2;
    if (h > 1.0) {
        h = 1.0;
    }
    return 2.0 * EARTH_M * asin(sqrt(h));
}

/* Whether haversine_m is more than that, mostly told by an upper bound without a sine. */
static int64_t farther_than(double lat1, double lon1, double lat2, double lon2, double metres) {
    double rad = M_PI / 180.0, y = (lat2 - lat1) * rad, x = (lon2 - lon1) * rad;
    if (EARTH_M * sqrt(x * x + y * y) * (1.0 + 1e-9) <= metres) {
        return 0;
    }
    return haversine_m(lat1, lon1, lat2, lon2) > metres;
}

/* Append an event. v : float64[7], the last columns of EVENT_DTYPE but the duration. */
static void emit_event(double *c, Table *events, int64_t *emitted, double kind, double start,
                       double end, double severity, double *v) {
    int64_t n, i;
    double *e;
    n = emitted[1];
    emitted[1] = n + 1;
    if (kind == CRASH) {
        c[CRASH_N] += 1.0;
    } else if (kind == SPEEDING) {
        c[SPEEDING_N] += 1.0;
    } else {
        c[COUNTS + (int64_t)(kind - 1.0) * 3 + (int64_t)severity - 1] += 1.0;
    }
    if (n >= events->room) {
        return;
    }
    e = events->at + n * events->width;
    e[0] = c[DEVICE];
    e[1] = kind;
    e[2] = start;
    e[3] = end;
    e[4] = c[NOW];
    e[5] = severity;
    e[6] = c[TRIP] > 0.0 ? c[TRIP_START] : -1.0;
    e[7] = (end - start) / 1e6;
    for (i = 0; i < 7; i++) {
        e[8 + i] = v[i];
    }
}

/* The acceleration, along and across together, that drivers use at most at v km/h. */
static double comfortable_mps2(double v) {
    double x = (v < 149.5 ? v : 149.5) / 100.0;
    return 9.80665 * (0.198 * x * x - 0.592 * x + 0.569);
}

/* Count a fix that no car reaches from the last one, where places were followed before. */
static void note_jump(double *c, const Parameters *p, double t, double lat, double lon,
                      double weight) {
    double reach;
    if (c[TRIP] == 0.0 || c[PLACED_S] < p->bridge_s) {
        return;
    }
    reach = p->teleport_m + p->jump_kmh / 3.6 * (t - c[POS_T]) / 1e6;
    if (farther_than(c[POS_LAT], c[POS_LON], lat, lon, reach)) {
        c[JUMPS] += weight;
    }
}

/* Note that after a silence the car is as fast and where it would be without the silence. */
static void note_clock(double *c, const Parameters *p, double t, double speed, double lat,
                       double lon) {
    double fastest, reach;
    if (!(t - c[SPEED_T] > c[GAP_US] && speed >= p->clock_kmh && c[SPEED] >= p->clock_kmh)) {
        return;
    }
    if (fabs(speed - c[SPEED]) > p->spike_slack_kmh || !(c[STEP_2] <= p->coarse_step_s * 1e6)) {
        return;
    }
    fastest = speed > c[SPEED] ? speed : c[SPEED];
    reach = p->jump_slack_m + p->outlier_ratio * fastest / 3.6 * c[STEP_2] / 1e6;
    if (lat == lat && c[SPEED_LAT] == c[SPEED_LAT]) {
        if (!farther_than(c[SPEED_LAT], c[SPEED_LON], lat, lon, reach)) {
            c[CLOCK_T] = t;
        }
    }
}

static void forget_path(double *c) {
    c[PATH_T] = NAN;
    c[PATH_M] = 0.0;
    c[PATH_SPEED_M] = 0.0;
}

static void start_path(double *c) {
    c[PATH_T] = c[POS_T];
    c[PATH_START_T] = c[POS_T];
    c[PATH_LAT] = c[POS_LAT];
    c[PATH_LON] = c[POS_LON];
    c[PATH_M] = 0.0;
}

/* Add the way to the newest fix, and compare once a minute of it is full. */
static void add_leg(double *c, const Parameters *p, double t, double v, double step_s) {
    double leg = haversine_m(c[PATH_LAT], c[PATH_LON], c[POS_LAT], c[POS_LON]);
    double since = v / 3.6 * (t - c[POS_T]) / 1e6;
    double metres = c[PATH_SPEED_M] - since;
    double lasted = (c[POS_T] - c[PATH_T]) / 1e6;
    double by_places = 3.6 * leg / lasted;
    double by_speed = 3.6 * (metres - c[LEGS_FROM_M]) / lasted;
    double seconds, slack, most;
    c[LEGS_FROM_M] = metres;
    if (by_places <= p->jump_kmh && step_s <= p->leg_step_s) {
        c[LEGS] += 1.0;
        c[LEGS_P] += by_places;
        c[LEGS_V] += by_speed;
        c[LEGS_PP] += by_places * by_places;
        c[LEGS_VV] += by_speed * by_speed;
        c[LEGS_PV] += by_places * by_speed;
        if (fabs(by_places - by_speed) > p->varies_kmh) {
            c[LEGS_APART] += 1.0;
        }
    }
    c[PATH_M] += leg;
    c[PATH_T] = c[POS_T];
    c[PATH_LAT] = c[POS_LAT];
    c[PATH_LON] = c[POS_LON];
    seconds = (c[POS_T] - c[PATH_START_T]) / 1e6;
    if (seconds < p->chord_s) {
        return;
    }
    slack = 2.0 * p->chord_slack_m;
    c[COMPARED_S] += seconds;
    if (c[PATH_M] > p->apart_ratio * metres + slack ||
        metres > p->apart_ratio * c[PATH_M] + slack) {
        c[APART_S] += seconds;
    }
    if (c[PATH_M] >= p->scale_kmh / 3.6 * seconds) {
        most = p->apart_ratio * metres + slack;
        c[SCALE_S] += seconds;
        c[SCALE_M] += metres;
        c[SCALE_PLACES_M] += c[PATH_M] < most ? c[PATH_M] : most;
    }
    start_path(c);
    c[PATH_SPEED_M] = since;
    c[LEGS_FROM_M] = since;
}

/* Compare the way by measured speed with that of the places, by each minute of driving on. */
static void follow_path(double *c, const Parameters *p, double t, double v, double seconds,
                        int64_t derived) {
    double step;
    if (derived || v < p->move_kmh || seconds > p->coarse_step_s) {
        forget_path(c);
        return;
    }
    c[PATH_SPEED_M] += (c[SPEED] + v) / 7.2 * seconds;
    step = c[POS_T] - c[PATH_T];
    if (step >= p->coarse_step_s * 1e6 && step <= 2e6 * p->coarse_step_s) {
        add_leg(c, p, t, v, seconds);
    } else if (!(step <= 2e6 * p->coarse_step_s) || t - c[PATH_T] > 3e6 * p->coarse_step_s) {
        forget_path(c);
        if (t - c[POS_T] <= p->coarse_step_s * 1e6) {
            start_path(c);
            c[PATH_SPEED_M] = v / 3.6 * (t - c[POS_T]) / 1e6;
            c[LEGS_FROM_M] = c[PATH_SPEED_M];
        }
    }
}

/* Do speeds and places of the open trip's legs vary, but not together? */
static int64_t at_other_times(double *c, const Parameters *p) {
    double n = c[LEGS], places, speeds, both, least;
    if (n < p->least_legs || c[LEGS_APART] < p->apart_share * n) {
        return 0;
    }
    places = c[LEGS_PP] / n - (c[LEGS_P] / n) * (c[LEGS_P] / n);
    speeds = c[LEGS_VV] / n - (c[LEGS_V] / n) * (c[LEGS_V] / n);
    least = p->varies_kmh * p->varies_kmh;
    if (places < least || speeds < least) {
        return 0;
    }
    both = c[LEGS_PV] / n - (c[LEGS_P] / n) * (c[LEGS_V] / n);
    return both < p->together * sqrt(places * speeds);
}

/* Flags of the open trip that keep it from being scored. */
static double manipulated(double *c, const Parameters *p) {
    double flags = 0.0;
    if (c[JUMPS] >= 3.0) {
        flags += 16.0;
    }
    if (at_other_times(c, p)) {
        flags += 256.0;
    } else if ((c[APART_S] >= p->apart_s && c[APART_S] >= p->apart_share * c[COMPARED_S]) ||
               (c[SCALE_S] >= p->apart_s && c[SCALE_PLACES_M] > p->scale_ratio * c[SCALE_M])) {
        flags += 32.0;
    }
    return flags;
}

/* Why something of the trip was not computed: QUALITY_FLAGS. */
static double quality(double *c, const Parameters *p) {
    double half = 0.5 * c[DRIVING_S], flags = manipulated(c, p);
    if (c[CLOCK_T] >= c[TRIP_START] - CLOCK_US) {
        flags += 64.0;
    }
    if (half == 0.0) {
        return flags;
    }
    if (c[COARSE_S] >= half) {
        flags += 1.0;
    }
    if (c[SEEN_S] < half) {
        flags += 2.0;
    }
    if (c[DERIVED_S] >= half) {
        flags += 4.0;
    }
    if (c[PLACED_S] == 0.0) {
        flags += 8.0;
    }
    return flags;
}

/* Append the open trip; where it stood at its end, with the sums of then. */
static void emit_trip(double *c, const Parameters *p, Table *trips, int64_t *emitted, double end,
                      double reason, int64_t stood, double lat, double lon) {
    int64_t n, first, i;
    double *r;
    n = emitted[0];
    emitted[0] = n + 1;
    if (n >= trips->room) {
        return;
    }
    r = trips->at + n * trips->width;
    r[0] = c[DEVICE];
    r[1] = c[TRIP_START];
    r[2] = end;
    r[3] = c[NOW];
    r[4] = reason;
    first = stood ? STOOD : SUMS;
    for (i = 0; i < SUMS_N; i++) {
        r[5 + i] = c[first + i];
    }
    r[15] = c[MAX_SPEED];
    r[16] = c[SPEEDING_N];
    r[17] = c[CRASH_N];
    for (i = 0; i < 9; i++) {
        r[18 + i] = c[COUNTS + i];
    }
    r[27] = c[TRIP_LAT];
    r[28] = c[TRIP_LON];
    r[29] = lat;
    r[30] = lon;
    r[31] = quality(c, p);
    for (i = 0; i < HISTS_END - ACCEL_HIST; i++) {
        r[COLUMN_HISTS + i] = c[ACCEL_HIST + i];
    }
    r[COLUMN_HISTS + HISTS_END - ACCEL_HIST] = NAN;
    r[COLUMN_HISTS + HISTS_END - ACCEL_HIST + 1] = c[SEEN_S];
    r[COLUMN_HISTS + HISTS_END - ACCEL_HIST + 2] = c[LATERAL_S];
}

/* No trip is open any more. */
static void clear_trip(double *c) {
    int64_t i;
    c[TRIP] = 0.0;
    for (i = DISTANCE; i < HISTS_END; i++) {
        c[i] = 0.0;
    }
    c[DERIVED_S] = 0.0;
    c[COARSE_S] = 0.0;
    c[SEEN_S] = 0.0;
    c[PLACED_S] = 0.0;
    c[JUMPS] = 0.0;
    c[COMPARED_S] = 0.0;
    c[APART_S] = 0.0;
    for (i = LATERAL_S; i < LEGS_FROM_M; i++) {
        c[i] = 0.0;
    }
}

/* Count n values that were not taken. */
static void reject(double *c, double n) {
    c[REJECTED] += n;
    c[REJECTED_ALL] += n;
}

/* Highest measured speed in the ring from `since` on, km/h; 0 where there is none. */
static double fastest_since(double *c, double since) {
    double fastest;
    int64_t i, j;
    fastest = 0.0;
    for (i = 0; i < (int64_t)c[RING_N]; i++) {
        j = ((int64_t)c[RING_AT] - 1 - i + 2 * SPEED_RING) % SPEED_RING;
        if (c[RING_T + j] < since) {
            break;
        }
        if (c[RING_V + j] > fastest) {
            fastest = c[RING_V + j];
        }
    }
    return fastest;
}

static void suspect(double *c, double t, double peak, double v0, double impulse) {
    c[CRASH_T] = t;
    c[CRASH_PEAK] = peak;
    c[CRASH_V0] = v0;
    c[CRASH_DELTA_V] = 0.0;
    c[CRASH_FALL] = impulse > 0.0 ? 0.0 : v0 - c[SPEED];
    c[CRASH_STAND_T] = NAN;
    c[CRASH_IMPULSE] = impulse;
    c[CRASH_LAT] = c[POS_LAT];
    c[CRASH_LON] = c[POS_LON];
}

/* Has the suspected crash changed the velocity as a collision does? */
static int64_t strong_crash(const double *c, const Parameters *p) {
    return c[CRASH_DELTA_V] >= p->crash_delta_v_kmh || c[CRASH_FALL] >= p->crash_drop_kmh;
}

/* Add a value to the open pulse, by trapezoids; begin one, or end it. */
static void integrate(double *c, const Parameters *p, double t, const double *a,
                      double magnitude) {
    int64_t strong, over;
    double dt, half, vx, vy, vz, changed_kmh, lasts;
    strong = magnitude >= 0.5 * p->crash_low_mps2;
    dt = (t - c[PULSE_AT]) / 1e6;
    if (c[PULSE_T] <= t) {
        half = 0.5 * dt;
        vx = c[PULSE_X] + half * (c[FELT_X] + a[3]);
        vy = c[PULSE_Y] + half * (c[FELT_Y] + a[4]);
        vz = c[PULSE_Z] + half * (c[FELT_Z] + a[5]);
        changed_kmh = 3.6 * sqrt(vx * vx + vy * vy + vz * vz);
        lasts = (t - c[PULSE_T]) / 1e6;
        over = lasts > p->crash_window_s && changed_kmh < p->crash_delta_v_kmh;
        if (dt > p->crash_dense_s || over || lasts > p->crash_pulse_s) {
            c[PULSE_T] = NAN;
        } else if (!strong && c[PULSE_AT] - c[PULSE_LAST] > PAUSE_US) {
            c[PULSE_T] = NAN;
        } else {
            c[PULSE_X] = vx;
            c[PULSE_Y] = vy;
            c[PULSE_Z] = vz;
        }
    }
    if (strong) {
        if (!(c[PULSE_T] <= t)) {
            half = c[ACCEL_DT] <= p->crash_dense_s ? 0.5 * c[ACCEL_DT] : 0.0;
            c[PULSE_T] = t;
            c[PULSE_X] = half * a[3];
            c[PULSE_Y] = half * a[4];
            c[PULSE_Z] = half * a[5];
        }
        c[PULSE_LAST] = t;
    }
    c[PULSE_AT] = t;
    c[FELT_X] = a[3];
    c[FELT_Y] = a[4];
    c[FELT_Z] = a[5];
}

/* Note the change of velocity of the open pulse, where it is the suspected crash's. */
static void note_delta_v(double *c, const Parameters *p, double t) {
    double x, y, z, changed_kmh;
    if (!(c[CRASH_T] <= t && t - c[CRASH_T] <= PULSE_US && c[PULSE_T] <= t)) {
        return;
    }
    if (c[PULSE_LAST] - c[PULSE_T] < p->crash_least_s * 1e6) {
        return;
    }
    x = c[PULSE_X];
    y = c[PULSE_Y];
    z = c[PULSE_Z];
    changed_kmh = 3.6 * sqrt(x * x + y * y + z * z);
    if (changed_kmh > c[CRASH_DELTA_V]) {
        c[CRASH_DELTA_V] = changed_kmh;
    }
}

/* Note how far the measured speed at t has fallen faster than tyres brake. */
static void look_for_fall(double *c, const Parameters *p, double t, double speed) {
    int64_t i, j;
    double dt, fall;
    for (i = 0; i < (int64_t)c[RING_N]; i++) {
        j = ((int64_t)c[RING_AT] - 1 - i + 2 * SPEED_RING) % SPEED_RING;
        dt = (t - c[RING_T + j]) / 1e6;
        if (dt > p->collapse_s) {
            return;
        }
        fall = c[RING_V + j] - speed;
        if (fall > c[CRASH_FALL] && fall >= 3.6 * p->crash_fall_mps2 * dt) {
            c[CRASH_FALL] = fall;
        }
    }
}

/* Take one unfiltered acceleration without gravity, m/s²; a[3] to a[5], and its size. */
static void feed_impulse(double *c, const Parameters *p, double t, const double *a,
                         double magnitude) {
    double v0, last;
    if (c[PULSE_T] <= t || magnitude >= 0.5 * p->crash_low_mps2) {
        integrate(c, p, t, a, magnitude);
        note_delta_v(c, p, t);
    }
    if (magnitude >= 0.5 * p->crash_low_mps2) {
        c[IMPULSE] = magnitude;
        c[IMPULSE_T] = t;
    }
    if (magnitude < p->crash_low_mps2) {
        return;
    }
    if (c[CRASH_T] <= t && (t - c[CRASH_T] <= PULSE_US || strong_crash(c, p))) {
        if (c[CRASH_IMPULSE] == 0.0) {
            c[CRASH_IMPULSE] = 1.0;
            c[CRASH_PEAK] = magnitude;
        } else if (t - c[CRASH_T] <= PULSE_US && magnitude > c[CRASH_PEAK]) {
            c[CRASH_PEAK] = magnitude;
        }
        return;
    }
    if (t - c[SPEED_T] <= FRESH_US) {
        v0 = fastest_since(c, t - BEFORE_US);
        if (c[SPEED] > v0) {
            v0 = c[SPEED];
        }
        last = MAX(fastest_since(c, t - MOVING_US), c[SPEED]);
        if (last >= p->crash_speed_kmh && c[TRIP] > 0.0) {
            suspect(c, t, magnitude, v0, 1.0);
            note_delta_v(c, p, t);
            look_for_fall(c, p, c[SPEED_T], c[SPEED]);
        }
    }
}

/* Emit the suspected crash. */
static void confirm_crash(double *c, const Parameters *p, Table *events, int64_t *emitted) {
    double start, end, delta_v, peak, severity;
    int64_t impulse;
    double v[7];
    start = c[CRASH_T];
    end = c[CRASH_STAND_T];
    if (end < start) {
        end = start;
    }
    peak = c[CRASH_PEAK];
    impulse = c[CRASH_IMPULSE] > 0.0;
    delta_v = c[CRASH_DELTA_V] >= p->crash_delta_v_kmh ? c[CRASH_DELTA_V] : c[CRASH_FALL];
    severity = 1.0;
    if (delta_v >= 2.0 * p->crash_drop_kmh) {
        severity = 3.0;
    } else if (delta_v >= 1.25 * p->crash_drop_kmh) {
        severity = 2.0;
    }
    for (int64_t i = 0; i < 7; i++) v[i] = NAN;
    v[0] = impulse ? peak : -peak;
    v[1] = -delta_v;
    v[2] = c[CRASH_V0];
    if (start - c[LIMIT_T] <= p->limit_stale_s * 1e6) {
        v[4] = c[LIMIT];
    }
    v[5] = c[CRASH_LAT];
    v[6] = c[CRASH_LON];
    emit_event(c, events, emitted, CRASH, start, end, severity, v);
    c[CRASH_T] = NAN;
    if (c[WAITS] > 0.0) {
        c[LONGITUDINAL + CH_SIGN] = 0.0;
    }
    if (c[WAITS + 1] > 0.0) {
        c[LATERAL + CH_SIGN] = 0.0;
    }
}

/* Nothing more will be heard: a suspected crash that came to stand is one. */
static void resolve_crash(double *c, const Parameters *p, Table *events, int64_t *emitted) {
    if (strong_crash(c, p) && c[CRASH_T] <= c[CRASH_STAND_T]) {
        confirm_crash(c, p, events, emitted);
    }
    c[CRASH_T] = NAN;
}

/* Whether any place of the ring, filled or not, is so much faster: as mostly, none is. */
static int64_t has_collapsed(double *c, const Parameters *p, double speed) {
    int64_t i, found = 0;
    for (i = RING_V; i < RING_V + SPEED_RING; i++) {
        found += c[i] - speed >= p->collapse_kmh;
    }
    return found > 0;
}

static void look_for_collapse(double *c, const Parameters *p, double t, double speed) {
    int64_t dense, i, j;
    double dt, drop;
    dense = c[ACCEL_DT] <= 0.06 && t - c[ACCEL_T] <= 2000000.0;
    if (dense && !(t - c[IMPULSE_T] <= PULSE_US)) {
        return;
    }
    if (!has_collapsed(c, p, speed)) {
        return;
    }
    for (i = 0; i < (int64_t)c[RING_N]; i++) {
        j = ((int64_t)c[RING_AT] - 1 - i + 2 * SPEED_RING) % SPEED_RING;
        dt = (t - c[RING_T + j]) / 1e6;
        if (dt > p->collapse_s) {
            return;
        }
        drop = c[RING_V + j] - speed;
        if (dt > 0.0 && drop >= p->collapse_kmh && drop >= 3.6 * p->collapse_mps2 * dt) {
            suspect(c, c[RING_T + j], drop / (3.6 * dt), c[RING_V + j], 0.0);
            return;
        }
    }
}

/* Take one accepted speed: look for a collapse, or judge the suspected crash. */
static void feed_crash(double *c, const Parameters *p, double t, double speed, int64_t measured,
                       Table *events, int64_t *emitted) {
    double age, need, away;
    int64_t strong, here, stands;
    if (!(c[CRASH_T] <= t)) {
        if (measured && c[TRIP] == 2.0 && c[CLIMBED] > 0.0) {
            look_for_collapse(c, p, t, speed);
        }
        if (!(c[CRASH_T] <= t)) {
            return;
        }
    }
    age = t - c[CRASH_T];
    if (measured && age <= DROP_US) {
        look_for_fall(c, p, t, speed);
    }
    strong = strong_crash(c, p);
    here = t - c[POS_T] <= FRESH_US;
    if (speed >= p->move_kmh) {
        c[CRASH_STAND_T] = NAN;
    } else if (!(c[CRASH_STAND_T] <= t)) {
        c[CRASH_STAND_T] = t;
        c[CRASH_STAND_LAT] = here ? c[POS_LAT] : NAN;
        c[CRASH_STAND_LON] = here ? c[POS_LON] : NAN;
    }
    stands = c[CRASH_STAND_T] <= t;
    if (!stands && age > p->crash_settle_s * 1e6) {
        c[CRASH_T] = NAN;
        return;
    }
    if (age >= DROP_US && (!strong || speed > 0.8 * c[CRASH_V0])) {
        c[CRASH_T] = NAN;
        return;
    }
    if (stands && here && c[CRASH_STAND_LAT] == c[CRASH_STAND_LAT]) {
        away = haversine_m(c[CRASH_STAND_LAT], c[CRASH_STAND_LON], c[POS_LAT], c[POS_LON]);
        if (away > p->drift_m) {
            c[CRASH_T] = NAN;
            return;
        }
    }
    need = c[CRASH_IMPULSE] > 0.0 ? p->crash_stand_s : p->crash_stand_collapse_s;
    if (stands && strong && t - c[CRASH_STAND_T] >= need * 1e6) {
        confirm_crash(c, p, events, emitted);
    }
}

static double of_class(const Parameters *p, int64_t channel, double sign) {
    if (channel == LATERAL) {
        return p->cornering_mps2;
    }
    if (sign > 0.0) {
        return p->acceleration_mps2;
    }
    return p->braking_mps2;
}

/* The threshold of a channel in one direction at v km/h (NAN = not known), m/s². */
static double threshold(const Parameters *p, int64_t channel, double sign, double v) {
    double least = of_class(p, channel, sign), comfortable;
    if (!(v >= 0.0)) {
        return least;
    }
    comfortable = comfortable_mps2(v);
    if (comfortable >= least) {
        return least;
    }
    if (comfortable < p->speed_ratio * least) {
        return p->speed_ratio * least;
    }
    return comfortable;
}

/* Whether an acceleration is beyond the threshold in this direction. */
static int64_t beyond(const Parameters *p, int64_t channel, double a, double sign, double v) {
    if (a * sign < p->speed_ratio * of_class(p, channel, sign)) {
        return 0;
    }
    return a * sign >= threshold(p, channel, sign, v);
}

/* The speed that decides the threshold of the open pulse; NAN = it is not decisive. */
static double speed_of(const double *c, int64_t channel) {
    return c[channel + CH_MEASURED] > 0.0 ? c[channel + CH_V0] : NAN;
}

static int64_t side(int64_t channel) {
    return channel == LATERAL ? 1 : 0;
}

/* Long enough for its source? One coarse accelerometer value needs the other source. */
static int64_t lasted(double *c, const Parameters *p, int64_t channel, double duration,
                      double least) {
    double above;
    if (c[channel + CH_MEASURED] == 0.0) {
        return duration >= p->min_event_s;
    }
    above = c[ABOVE + side(channel)];
    if (c[channel + CH_DT] >= p->coarse_s) {
        return above >= p->min_event_s || c[channel + CH_AGREE] >= p->agree_ratio * least;
    }
    return duration >= p->min_event_s && above >= p->above_s;
}

/* End the open pulse of a channel and emit it if it was an event. */
static void close_channel(double *c, const Parameters *p, int64_t channel, Table *events,
                          int64_t *emitted) {
    double sign, start, end, peak, least, duration, severity, kind;
    double v[7];
    sign = c[channel + CH_SIGN];
    if (sign == 0.0) {
        return;
    }
    c[channel + CH_SIGN] = 0.0;
    start = c[channel + CH_START];
    end = c[channel + CH_LAST];
    peak = c[channel + CH_PEAK];
    least = threshold(p, channel, sign, speed_of(c, channel));
    duration = (end - start) / 1e6;
    if (!lasted(c, p, channel, duration, least)) {
        return;
    }
    if (c[TRIP] == 0.0 || !(c[channel + CH_VMAX] >= p->event_kmh)) {
        return;
    }
    if (channel == LONGITUDINAL && c[channel + CH_MEASURED] > 0.0 &&
        sign == -c[channel + CH_PREV_SIGN] &&
        start - c[channel + CH_PREV_END] <= p->rebound_s * 1e6 &&
        peak < c[channel + CH_PREV_PEAK]) {
        return;
    }
    severity = 1.0;
    if (peak >= p->severity3_ratio * least) {
        severity = 3.0;
    } else if (peak >= p->severity2_ratio * least) {
        severity = 2.0;
    }
    if (duration >= p->long_event_s && severity < 3.0) {
        severity += 1.0;
    }
    kind = CORNERING;
    if (channel == LONGITUDINAL) {
        kind = sign > 0.0 ? ACCELERATION : BRAKING;
    }
    for (int64_t i = 0; i < 7; i++) v[i] = NAN;
    v[0] = sign * peak;
    v[1] = c[channel + CH_VLAST] - c[channel + CH_V0];
    v[2] = c[channel + CH_V0];
    if (start - c[LIMIT_T] <= p->limit_stale_s * 1e6) {
        v[4] = c[LIMIT];
    }
    v[5] = c[channel + CH_LATITUDE];
    v[6] = c[channel + CH_LONGITUDE];
    emit_event(c, events, emitted, kind, start, end, severity, v);
    c[channel + CH_PREV_SIGN] = sign;
    c[channel + CH_PREV_END] = end;
    c[channel + CH_PREV_PEAK] = peak;
}

/* Take one acceleration of a channel. */
static void feed_channel(double *c, const Parameters *p, int64_t channel, double t, double a,
                         double since, double dt, double v0, int64_t measured, double other,
                         Table *events, int64_t *emitted) {
    double speed, rising, sign, fastest, at;
    int64_t ended, waits, suspected, over;
    if (fabs(a) > p->physical_mps2) {
        return;
    }
    speed = NAN;
    if (t - c[SPEED_T] <= FRESH_US) {
        speed = c[SPEED];
    }
    rising = 0.0;
    at = measured ? v0 : NAN;
    if (beyond(p, channel, a, 1.0, at)) {
        rising = 1.0;
    } else if (beyond(p, channel, a, -1.0, at)) {
        rising = -1.0;
    }
    sign = c[channel + CH_SIGN];
    ended = t - c[channel + CH_LAST] >= p->merge_s * 1e6;
    waits = c[WAITS + side(channel)] > 0.0;
    suspected = c[CRASH_T] <= t;
    if (sign != 0.0 && waits && ended && !suspected) {
        close_channel(c, p, channel, events, emitted);
        sign = 0.0;
    }
    if (sign != 0.0 && !(waits && ended)) {
        if (a * sign >= p->release_ratio * threshold(p, channel, sign, speed_of(c, channel))) {
            c[channel + CH_LAST] = t;
            c[channel + CH_VLAST] = speed;
            if (a * sign > c[channel + CH_PEAK]) {
                c[channel + CH_PEAK] = a * sign;
            }
        }
        if (measured && dt >= p->coarse_s && a * sign > c[channel + CH_AGREE]) {
            c[channel + CH_AGREE] = a * sign;
        }
        if (rising == sign) {
            c[ABOVE + side(channel)] += dt;
        }
        if (other * sign > c[channel + CH_AGREE]) {
            c[channel + CH_AGREE] = other * sign;
        }
        if (speed > c[channel + CH_VMAX]) {
            c[channel + CH_VMAX] = speed;
        }
        over = rising == -sign || t - c[channel + CH_LAST] >= p->merge_s * 1e6;
        if (over && !(waits && suspected)) {
            close_channel(c, p, channel, events, emitted);
            sign = 0.0;
        }
    }
    if (sign == 0.0 && rising != 0.0) {
        c[WAITS + side(channel)] = suspected ? 1.0 : 0.0;
        c[channel + CH_SIGN] = rising;
        c[channel + CH_START] = since;
        c[channel + CH_LAST] = t;
        c[channel + CH_PEAK] = fabs(a);
        c[channel + CH_V0] = v0;
        c[channel + CH_VLAST] = speed;
        fastest = 0.0;
        if (v0 > fastest) {
            fastest = v0;
        }
        if (speed > fastest) {
            fastest = speed;
        }
        c[channel + CH_VMAX] = fastest;
        c[channel + CH_MEASURED] = measured ? 1.0 : 0.0;
        c[channel + CH_AGREE] = 0.0;
        if (other * rising > 0.0) {
            c[channel + CH_AGREE] = other * rising;
        }
        c[channel + CH_DT] = dt;
        c[ABOVE + side(channel)] = 0.0;
        c[channel + CH_LATITUDE] = c[POS_LAT];
        c[channel + CH_LONGITUDE] = c[POS_LON];
    }
}

/* End speeding in progress and emit it if it lasted. */
static void close_speeding(double *c, const Parameters *p, Table *events, int64_t *emitted) {
    double start, end, excess, share, severity;
    double v[7];
    start = c[OVER_START];
    if (!(start <= c[OVER_LAST])) {
        return;
    }
    c[OVER_START] = NAN;
    end = c[OVER_LAST];
    if (end - start < p->speeding_s * 1e6 || c[TRIP] == 0.0) {
        return;
    }
    excess = c[OVER_EXCESS];
    share = c[OVER_LIMIT] > 0.0 ? excess / c[OVER_LIMIT] : 1.0;
    severity = 1.0;
    if (share >= 0.5) {
        severity = 3.0;
    } else if (share >= 0.25) {
        severity = 2.0;
    }
    for (int64_t i = 0; i < 7; i++) v[i] = NAN;
    v[1] = c[SPEED] - c[OVER_V0];
    v[2] = c[OVER_V0];
    v[3] = excess;
    v[4] = c[OVER_LIMIT];
    v[5] = c[OVER_LATITUDE];
    v[6] = c[OVER_LONGITUDE];
    emit_event(c, events, emitted, SPEEDING, start, end, severity, v);
}

/* Compare a speed with the limit that holds; dt_us since the speed before it. */
static void feed_speeding(double *c, const Parameters *p, double t, double speed, double dt_us,
                          Table *events, int64_t *emitted) {
    int64_t known, over;
    known = t - c[LIMIT_T] <= p->limit_stale_s * 1e6;
    if (c[OVER_START] <= t) {
        over = known && speed > c[LIMIT] + p->tolerance_kmh - p->speeding_release_kmh;
        if (!over || !(dt_us <= p->bridge_s * 1e6)) {
            close_speeding(c, p, events, emitted);
        } else {
            c[OVER_LAST] = t;
            if (speed - c[LIMIT] > c[OVER_EXCESS]) {
                c[OVER_EXCESS] = speed - c[LIMIT];
                c[OVER_LIMIT] = c[LIMIT];
            }
        }
    }
    if (!(c[OVER_START] <= t) && known && speed > c[LIMIT] + p->tolerance_kmh) {
        c[OVER_START] = t;
        c[OVER_LAST] = t;
        c[OVER_EXCESS] = speed - c[LIMIT];
        c[OVER_LIMIT] = c[LIMIT];
        c[OVER_V0] = speed;
        c[OVER_LATITUDE] = c[POS_LAT];
        c[OVER_LONGITUDE] = c[POS_LON];
    }
}

/* Take one acceleration in the device's frame, m/s². */
static void feed_frame(double *c, const Parameters *p, double t, double x, double y, double z,
                       double *out) {
    double dt, gx, gy, gz, g, size, cx, cy, cz, square, best, length, memory, up, lx, ly, lz,
           across, share;
    int64_t vertical;
    out[0] = NAN;
    out[1] = NAN;
    dt = (t - c[FRAME_T]) / 1e6;
    c[FRAME_T] = t;
    if (!(dt <= 2.0)) {
        dt = 0.0;
    }
    if (c[GRAV_S] == 0.0) {
        c[GRAV_X] = x;
        c[GRAV_Y] = y;
        c[GRAV_Z] = z;
        c[GRAV_S] = 0.001;
    } else {
        c[GRAV_S] += dt;
        memory = c[GRAV_S] < p->gravity_s ? c[GRAV_S] : p->gravity_s;
        size = sqrt(x * x + y * y + z * z);
        if (size <= 3.0 * 9.80665) {
            share = dt / (memory + dt);
            c[GRAV_X] += share * (x - c[GRAV_X]);
            c[GRAV_Y] += share * (y - c[GRAV_Y]);
            c[GRAV_Z] += share * (z - c[GRAV_Z]);
        }
    }
    gx = c[GRAV_X];
    gy = c[GRAV_Y];
    gz = c[GRAV_Z];
    g = sqrt(gx * gx + gy * gy + gz * gz);
    vertical = g >= MIN_GRAVITY_MPS2;
    if (vertical) {
        x -= gx;
        y -= gy;
        z -= gz;
        up = (x * gx + y * gy + z * gz) / (g * g);
        x -= up * gx;
        y -= up * gy;
        z -= up * gz;
    }
    size = sqrt(x * x + y * y + z * z);
    out[2] = size;
    out[3] = x;
    out[4] = y;
    out[5] = z;
    if (size <= p->physical_mps2) {
        c[INT_X] += x * dt;
        c[INT_Y] += y * dt;
        c[INT_Z] += z * dt;
        c[INT_S] += dt;
    }
    cx = c[COR_X];
    cy = c[COR_Y];
    cz = c[COR_Z];
    square = cx * cx + cy * cy + cz * cz;
    if (c[CALIBRATION_S] < p->calibration_s || square <= 0.0) {
        return;
    }
    best = c[SPEED_ENERGY] * c[FRAME_ENERGY];
    if (square < p->calibration_quality * p->calibration_quality * best) {
        return;
    }
    length = sqrt(square);
    out[0] = (x * cx + y * cy + z * cz) / length;
    if (vertical) {
        lx = gy * cz - gz * cy;
        ly = gz * cx - gx * cz;
        lz = gx * cy - gy * cx;
        across = sqrt(lx * lx + ly * ly + lz * lz);
        if (across > 0.0) {
            out[1] = (x * lx + y * ly + z * lz) / across;
        }
    }
}

/* Take one speed, km/h: correlate its change with the acceleration felt meanwhile. */
static void correlate(double *c, const Parameters *p, double t, double v) {
    double dt, step_kmh, covered, ix, iy, iz, a, keep, weight;
    dt = (t - c[COR_T]) / 1e6;
    step_kmh = v - c[COR_V];
    if (dt < p->window_s || (step_kmh == 0.0 && dt <= p->window_max_s)) {
        return;
    }
    c[COR_V] = v;
    c[COR_T] = t;
    covered = c[INT_S];
    ix = c[INT_X];
    iy = c[INT_Y];
    iz = c[INT_Z];
    c[INT_X] = 0.0;
    c[INT_Y] = 0.0;
    c[INT_Z] = 0.0;
    c[INT_S] = 0.0;
    if (!(dt > 0.0 && dt <= p->window_max_s) || covered < 0.5 * dt) {
        return;
    }
    a = step_kmh / 3.6 / dt;
    if (fabs(a) < MIN_CHANGE_MPS2) {
        return;
    }
    keep = 1.0 - dt / MEMORY_S;
    weight = dt / (covered * covered);
    c[COR_X] = c[COR_X] * keep + a * ix / covered * dt;
    c[COR_Y] = c[COR_Y] * keep + a * iy / covered * dt;
    c[COR_Z] = c[COR_Z] * keep + a * iz / covered * dt;
    c[SPEED_ENERGY] = c[SPEED_ENERGY] * keep + a * a * dt;
    c[FRAME_ENERGY] = c[FRAME_ENERGY] * keep + (ix * ix + iy * iy + iz * iz) * weight;
    c[CALIBRATION_S] += dt;
}

/* Tell whether the open trip is kept: moving the car a little is no trip, a crash is. */
static int64_t worth(double *c, const Parameters *p, double metres, double seconds) {
    int64_t harsh;
    if (c[CRASH_N] > 0.0) {
        return 1;
    }
    if (metres < p->min_distance_m) {
        return 0;
    }
    harsh = highest(c + COUNTS, 9) > 0.0;
    return seconds >= p->min_duration_s || metres >= p->brief_m || harsh;
}

/* End what is open; emit the trip if it is long enough. */
static void close_trip(double *c, const Parameters *p, double reason, Table *trips, Table *events,
                       int64_t *emitted) {
    int64_t stood;
    double end, lat, lon, distance;
    close_channel(c, p, LONGITUDINAL, events, emitted);
    close_channel(c, p, LATERAL, events, emitted);
    close_speeding(c, p, events, emitted);
    if (c[TRIP] == 2.0) {
        stood = c[STAND_T] >= c[TRIP_START];
        end = stood ? c[STAND_T] : c[SPEED_T];
        lat = stood ? c[STAND_LAT] : c[SPEED_LAT];
        lon = stood ? c[STAND_LON] : c[SPEED_LON];
        distance = stood ? c[STOOD + DISTANCE - SUMS] : c[DISTANCE];
        if (worth(c, p, distance, (end - c[TRIP_START]) / 1e6)) {
            emit_trip(c, p, trips, emitted, end, reason, stood, lat, lon);
        }
    }
    clear_trip(c);
    c[STAND_T] = NAN;
}

/* For how long the ignition has been off since a time, µs. */
static double off_for(double *c, double since, double t) {
    double off = c[IGNITION_OFF_T];
    return t - (since > off ? since : off);
}

/* Before a row is taken: has a gap, a long stand or the ignition ended the trip? */
static void check_end(double *c, const Parameters *p, double t, Table *trips, Table *events,
                      int64_t *emitted) {
    if (t - c[SPEED_T] > c[GAP_US]) {
        resolve_crash(c, p, events, emitted);
        close_trip(c, p, GAP, trips, events, emitted);
        c[SPEED_T] = NAN;
    }
    if (c[TRIP] == 0.0) {
        return;
    }
    if (c[STAND_T] <= t) {
        if (c[TRIP] == 1.0 && c[SPEED_T] - c[STAND_T] >= p->candidate_s * 1e6) {
            clear_trip(c);
            c[STAND_T] = NAN;
        } else if (t - c[STAND_T] >= p->stop_s * 1e6) {
            close_trip(c, p, STOP, trips, events, emitted);
        } else if (off_for(c, c[STAND_T], t) >= p->ignition_off_s * 1e6 && !(c[CRASH_T] <= t)) {
            close_trip(c, p, IGNITION_OFF, trips, events, emitted);
        }
    } else if (c[TRIP] == 1.0 && c[SPEED_T] - c[TRIP_START] > 2000000.0 * p->candidate_s) {
        clear_trip(c);
    } else if (off_for(c, c[SPEED_T], t) >= p->ignition_off_s * 1e6) {
        close_trip(c, p, IGNITION_OFF, trips, events, emitted);
    }
}

/* Add the stretch of `seconds` that ends at t with speed v to the open trip's sums. */
static void add_segment(double *c, const Parameters *p, double t, double v, double metres,
                        double seconds, int64_t moving, int64_t measured) {
    int64_t local, weekday, minute = (int64_t)((t - c[TRIP_START]) / MINUTE_US);
    double hour;
    c[DISTANCE] += metres;
    if (minute < COURSE_MINUTES) {
        c[COURSE + minute] += metres;
    }
    if (measured) {
        c[MEASURED_S] += seconds;
    }
    if (!moving) {
        c[IDLE_S] += seconds;
        return;
    }
    c[DRIVING_S] += seconds;
    local = (int64_t)(t + c[LOCAL_SHIFT]);
    hour = (double)(local % (24 * HOUR_US)) / HOUR_US;
    if (hour >= p->night_from_h || hour < p->night_to_h) {
        c[NIGHT_S] += seconds;
    }
    weekday = (local / (24 * HOUR_US) + 3) % 7;
    if (weekday < 5 && ((7.0 <= hour && hour < 9.0) || (16.0 <= hour && hour < 19.0))) {
        c[RUSH_S] += seconds;
    }
    if (!measured) {
        return;
    }
    c[SPEED_HIST + MIN((int64_t)(v / SPEED_BIN_KMH), SPEED_BINS - 1)] += seconds;
    if (t - c[LIMIT_T] <= p->limit_stale_s * 1e6 && c[LIMIT] > 0.0) {
        c[LIMITED_S] += seconds;
        c[RATIO_HIST + (int64_t)MIN(v / c[LIMIT] / RATIO_BIN, RATIO_BINS - 1.0)] += seconds;
        if (v > c[LIMIT] + p->tolerance_kmh) {
            c[SPEEDING_S] += seconds;
        }
    }
}

/* Add `seconds` of acceleration a to the histogram of its magnitude. */
static void add_trend(double *c, double a, double seconds) {
    c[ACCEL_HIST + MIN((int64_t)(fabs(a) / ACCEL_BIN_MPS2), ACCEL_BINS - 1)] += seconds;
}

/* Add seconds with these accelerations at v km/h to the distributions of use and jerk. */
static void add_use(double *c, const Parameters *p, double t, double v, double along,
                    double across, double seconds) {
    double share, since, jerk, comfortable = comfortable_mps2(v);
    share = sqrt(along * along + across * across) / comfortable;
    c[USE_HIST + MIN((int64_t)(share / USE_BIN), USE_BINS - 1)] += seconds;
    c[ALONG_HIST + MIN((int64_t)(fabs(along) / comfortable / USE_BIN), USE_BINS - 1)] += seconds;
    since = (t - c[TREND_T]) / 1e6;
    if (since < p->jerk_s) {
        return;
    }
    if (since <= p->jerk_s + p->window_max_s) {
        jerk = fabs(along - c[TREND_A]) / since;
        c[JERK_HIST + MIN((int64_t)(jerk / JERK_BIN_MPS3), JERK_BINS - 1)] += since;
    }
    c[TREND_A] = along;
    c[TREND_T] = t;
}

/* Variance of a mean over x times that in which the correlation falls to 1/e; of 1. */
static double kept_by_mean(double x) {
    return 2.0 / x * (1.0 - (1.0 - exp(-x)) / x);
}

/* Add the acceleration from one speed to the next, some seconds later. */
static void add_sparse(double *c, const Parameters *p, double before, double v, double seconds) {
    double middle = 0.5 * (before + v), lost, a, use;
    if (seconds > p->sparse_s || middle < p->move_kmh) {
        return;
    }
    lost = kept_by_mean(p->trend_s / p->sparse_keeps_s) /
           kept_by_mean(seconds / p->sparse_keeps_s);
    a = fabs(v - before) / 3.6 / seconds * sqrt(lost);
    c[SPARSE_HIST + MIN((int64_t)(a / ACCEL_BIN_MPS2), ACCEL_BINS - 1)] += seconds;
    use = a / comfortable_mps2(middle);
    c[ALONG_HIST + MIN((int64_t)(use / USE_BIN), USE_BINS - 1)] += seconds;
}

static void begin(double *c, double t, double lat, double lon) {
    clear_trip(c);
    c[PLACES_ONLY_M] = 0.0;
    c[CHORD_T] = NAN;
    c[PATH_T] = NAN;
    c[TRIP] = 1.0;
    c[TRIP_START] = t;
    c[TRIP_LAT] = lat;
    c[TRIP_LON] = lon;
    c[STAND_T] = NAN;
    c[SAMPLES] = 1.0;
}

static void come_to_stand(double *c, double t, double lat, double lon) {
    int64_t i;
    c[STAND_T] = t;
    c[STAND_LAT] = lat;
    c[STAND_LON] = lon;
    c[STAND_M] = 0.0;
    for (i = 0; i < SUMS_N; i++) {
        c[STOOD + i] = c[SUMS + i];
    }
}

/* The metres of a long step between two speeds, and whether they count as measured. */
static double over_a_long_step(double *c, const Parameters *p, int64_t here, double lat, double lon,
                               double by_speed, double seconds, int64_t *measured) {
    double chord, length;
    if (!(here && c[SPEED_LAT] == c[SPEED_LAT])) {
        *measured = seconds <= p->bridge_s;
        return by_speed;
    }
    chord = haversine_m(c[SPEED_LAT], c[SPEED_LON], lat, lon);
    length = by_speed;
    if (seconds > p->bridge_s) {
        length = chord;
    } else if (chord - p->chord_slack_m > by_speed) {
        length = chord - p->chord_slack_m;
    }
    c[PLACES_ONLY_M] = length - by_speed;
    *measured = seconds <= p->gap_s;
    return length;
}

/* Add to the distance what the places say and the speeds do not. */
static void compare_with_chord(double *c, const Parameters *p, double t) {
    double chord, metres;
    if (t - c[CHORD_T] < p->chord_s * 1e6) {
        return;
    }
    if (c[CHORD_T] <= t) {
        chord = haversine_m(c[CHORD_LAT], c[CHORD_LON], c[POS_LAT], c[POS_LON]);
        metres = c[DISTANCE] - c[CHORD_M];
        if (chord > p->chord_ratio * metres + 2.0 * p->chord_slack_m) {
            c[DISTANCE] += chord - metres;
        }
    }
    c[CHORD_T] = t;
    c[CHORD_LAT] = c[POS_LAT];
    c[CHORD_LON] = c[POS_LON];
    c[CHORD_M] = c[DISTANCE];
}

/* Add seconds of driving to the sums that say what could be seen; compare with the places. */
static void note_how(double *c, const Parameters *p, double t, double seconds, int64_t derived,
                     int64_t here) {
    if (derived) {
        c[DERIVED_S] += seconds;
    }
    if (seconds > p->bridge_s) {
        c[COARSE_S] += seconds;
    }
    if ((!derived && seconds <= p->window_max_s) || t - c[ACCEL_T] <= SOURCE_US) {
        c[SEEN_S] += seconds;
    }
    if (t - c[LAT_T] <= SOURCE_US || t - c[HEAD_ACCEL_T] <= p->window_max_s * 1e6) {
        c[LATERAL_S] += seconds;
    }
    if (here) {
        c[PLACED_S] += seconds;
    }
    if (c[POS_T] == t && !derived) {
        compare_with_chord(c, p, t);
    }
}

/* Take one accepted speed, before it replaces the last one. */
static void advance_trip(double *c, const Parameters *p, double t, double v, int64_t derived,
                         double since) {
    int64_t here, known, moves, measured, moved, away;
    double lat, lon, seconds, length, metres;
    here = t - c[POS_T] <= FRESH_US;
    lat = here ? c[POS_LAT] : NAN;
    lon = here ? c[POS_LON] : NAN;
    known = t - c[SPEED_T] <= c[GAP_US];
    moves = v >= p->move_kmh;
    if (c[TRIP] == 0.0) {
        if (!moves) {
            return;
        }
        if (!derived) {
            begin(c, t, lat, lon);
            c[MAX_SPEED] = v;
            return;
        }
        if (c[SPEED_T] > since) {
            since = c[SPEED_T];
        }
        begin(c, since, c[ANCHOR_LAT], c[ANCHOR_LON]);
        c[SPEED_T] = since;
    }
    seconds = 0.0;
    length = 0.0;
    measured = 1;
    c[PLACES_ONLY_M] = 0.0;
    if (derived) {
        if (known && since > c[SPEED_T]) {
            seconds = (since - c[SPEED_T]) / 1e6;
            length = 0.5 * (c[SPEED] + v) / 3.6 * seconds;
            add_segment(c, p, since, v, length, seconds, moves, 0);
        } else if (since < c[SPEED_T]) {
            since = c[SPEED_T];
        }
        seconds = (t - since) / 1e6;
        length = moves ? v / 3.6 * seconds : 0.0;
    } else if (known) {
        seconds = (t - c[SPEED_T]) / 1e6;
        length = 0.5 * (c[SPEED] + v) / 3.6 * seconds;
        if (seconds > p->coarse_step_s || seconds > p->bridge_s) {
            length = over_a_long_step(c, p, here, lat, lon, length, seconds, &measured);
        }
    }
    moved = moves || (!derived && c[SPEED] >= p->move_kmh);
    if (derived && !moves && !(c[STAND_T] <= t)) {
        come_to_stand(c, since, c[ANCHOR_LAT], c[ANCHOR_LON]);
    }
    add_segment(c, p, t, v, length, seconds, moved, measured);
    follow_path(c, p, t, v, seconds, derived);
    note_how(c, p, t, moved ? seconds : 0.0, derived, here);
    if (v > c[MAX_SPEED]) {
        c[MAX_SPEED] = v;
    }
    if (!moves && !(c[STAND_T] <= t)) {
        come_to_stand(c, t, lat, lon);
    }
    if (c[STAND_T] <= t) {
        if (v >= 0.4 * p->move_kmh && t > c[STAND_T]) {
            c[STAND_M] += length;
        }
        away = 0;
        if (here && c[STAND_LAT] == c[STAND_LAT]) {
            away = farther_than(c[STAND_LAT], c[STAND_LON], lat, lon, p->drift_m);
            if (!moves && !away) {
                c[STAND_M] = 0.0;
            }
        }
        if (away || v >= 2.0 * p->move_kmh || c[STAND_M] > 0.4 * p->drift_m) {
            c[STAND_T] = NAN;
            if (!moves) {
                come_to_stand(c, t, lat, lon);
            }
        }
    }
    if (c[TRIP] == 1.0 && c[DISTANCE] >= p->drift_m && v >= p->move_kmh) {
        metres = p->drift_m;
        if (here && c[TRIP_LAT] == c[TRIP_LAT]) {
            metres = haversine_m(c[TRIP_LAT], c[TRIP_LON], lat, lon);
        }
        if (metres >= p->drift_m) {
            c[TRIP] = 2.0;
        }
    }
}

/* Append (t, v) to a ring unless it is younger than RING_STEP_US. c[at + 1] is its fill. */
static void push_ring(double *c, int64_t at, int64_t t0, int64_t v0, int64_t size, double t,
                      double v) {
    int64_t n, head;
    n = (int64_t)c[at + 1];
    head = (int64_t)c[at];
    if (n > 0 && t - c[t0 + (head - 1 + size) % size] < RING_STEP_US) {
        return;
    }
    c[t0 + head] = t;
    c[v0 + head] = v;
    c[at] = (double)((head + 1) % size);
    if (n < size) {
        c[at + 1] = (double)(n + 1);
    }
}

/* How many entries of a ring are younger than age_s at t, of which `younger` are known to be. */
static int64_t find_ring(double *c, int64_t at, int64_t t0, int64_t size, double t, double age_s,
                         int64_t younger) {
    double sure = age_s * 1e6 * (1.0 - 1e-9);
    int64_t i, j = (int64_t)c[at] - younger, n = (int64_t)c[at + 1];
    if (j < 0) {
        j += size;
    }
    for (i = younger; i < n; i++) {
        j = (j > 0 ? j : size) - 1;
        if (t - c[t0 + j] >= sure && (t - c[t0 + j]) / 1e6 >= age_s) {
            return i;
        }
    }
    return -1;
}

/* Index of the entry of a ring that has so many younger ones. */
static int64_t ring_index(double *c, int64_t at, int64_t size, int64_t younger) {
    int64_t j = (int64_t)c[at] - 1 - younger;
    return j >= 0 ? j : j + size;
}

/* Follow whether the speed is a slower source's, filled forward into dense rows. */
static double look_for_stairs(double *c, const Parameters *p, double t, double v, double step_s) {
    double step, since;
    if (!(step_s < p->dense_s)) {
        if (v != c[SPEED]) {
            c[CHANGE_T] = t;
        }
        return step_s;
    }
    if (v == c[SPEED]) {
        return c[STAIRS] > 0.0 ? 0.0 : step_s;
    }
    step = fabs(v - c[SPEED]);
    if (c[CHANGE_T] == c[SPEED_T]) {
        c[STAIRS] = 0.0;
    } else if (step >= p->stairs_kmh && step > 3.6 * p->spike_mps2 * step_s) {
        c[STAIRS] = 1.0;
    }
    since = (t - c[CHANGE_T]) / 1e6;
    c[CHANGE_T] = t;
    return c[STAIRS] > 0.0 ? since : step_s;
}

/* Acceleration from measured speed; the channel takes it where no accelerometer speaks. */
static void accelerate(double *c, const Parameters *p, double t, double v, double dt,
                       Table *events, int64_t *emitted) {
    int64_t j, near, far, known;
    double span, a;
    near = find_ring(c, RING_AT, RING_T, SPEED_RING, t, p->window_s, 0);
    known = near > 0 && p->trend_s >= p->window_s ? near : 0;
    far = find_ring(c, RING_AT, RING_T, SPEED_RING, t, p->trend_s, known);
    j = ring_index(c, RING_AT, SPEED_RING, far);
    if (far >= 0 && c[TRIP] > 0.0 && v >= p->move_kmh && dt <= p->window_max_s) {
        span = (t - c[RING_T + j]) / 1e6;
        if (span <= p->trend_s + p->window_max_s) {
            double along = (v - c[RING_V + j]) / 3.6 / span, across = 0.0;
            add_trend(c, along, dt);
            if (t - c[LAT_T] <= SOURCE_US) {
                across = c[LAT];
            } else if (t - c[HEAD_ACCEL_T] <= SOURCE_US) {
                across = c[HEAD_ACCEL];
            }
            add_use(c, p, t, v, along, across, dt);
        }
    } else if (far >= 0 && c[TRIP] > 0.0 && dt > p->window_max_s) {
        add_sparse(c, p, c[RING_V + j], v, (t - c[RING_T + j]) / 1e6);
    }
    j = ring_index(c, RING_AT, SPEED_RING, near);
    if (near < 0 || !(dt <= p->window_max_s)) {
        return;
    }
    span = (t - c[RING_T + j]) / 1e6;
    if (span > p->window_max_s) {
        return;
    }
    a = (v - c[RING_V + j]) / 3.6 / span;
    c[SPEED_ACCEL] = a;
    c[SPEED_ACCEL_T] = t;
    if (t - c[LONG_T] <= SOURCE_US) {
        return;
    }
    if (dt < p->held_s && (c[STEP_N] < 2.0 || c[STEP_SIGN] * a < 0.0)) {
        a = 0.0;
    }
    feed_channel(c, p, LONGITUDINAL, t, a, c[RING_T + j], dt, c[RING_V + j], 0, 0.0, events,
                 emitted);
}

/* Take one believed speed: trip, speeding, crash, acceleration. */
/* Tell whether the car drove on through a long step: by its places, else by both speeds. */
static int64_t drove(double *c, const Parameters *p, double step_us, double speed, double lat,
                     double lon) {
    double metres, last;
    if (lat == lat && c[POS_LAT] == c[POS_LAT]) {
        metres = haversine_m(c[POS_LAT], c[POS_LON], lat, lon);
        return metres >= p->sparse_kmh / 3.6 * step_us / 1e6;
    }
    last = c[SPIKE_T] == c[SPIKE_T] ? c[SPIKE] : c[SPEED];
    return speed >= p->move_kmh && last >= p->move_kmh;
}

/* Set how long a silence ends a trip at this row. */
static void note_rate(double *c, const Parameters *p, double t, double speed, double lat,
                      double lon) {
    double gap = p->gap_s * 1e6, step, usual, limit;
    int64_t motion = speed == speed || lat == lat;
    c[GAP_US] = gap;
    step = t - c[MOTION_T];
    if (step > gap || p->gap_steps * c[STEP_1] > gap) {
        usual = c[STEP_1];
        if (c[STEP_2] > usual) {
            usual = c[STEP_2];
        }
        limit = p->sparse_gap_s * 1e6;
        if (p->gap_steps * usual < limit) {
            limit = p->gap_steps * usual;
        } else if (usual != usual && !motion) {
            limit = gap;
        }
        if (limit > gap && step <= limit && (!motion || drove(c, p, step, speed, lat, lon))) {
            c[GAP_US] = limit;
            if (lat == lat && c[STAND_T] == c[SPEED_T]) {
                c[STAND_T] = NAN;
            }
        }
    }
    if (motion) {
        c[STEP_2] = c[STEP_1];
        c[STEP_1] = step;
        c[MOTION_T] = t;
    }
}

/* Tell whether the last fix lay off the way; then take back what only the places had added. */
static int64_t turned_back(double *c, const Parameters *p, double t, double v, double lat,
                           double lon, double by_speed) {
    double there, back, seconds, across, by_speed_across;
    int64_t as_said;
    if (!(v >= p->move_kmh && c[SPEED] >= p->move_kmh && t - c[BEFORE_T] <= 2.0 * c[GAP_US])) {
        return 0;
    }
    there = c[LEG_M];
    back = haversine_m(c[POS_LAT], c[POS_LON], lat, lon);
    seconds = (c[POS_T] - c[BEFORE_T]) / 1e6;
    if (!(there > p->outlier_ratio * c[LEG_SPEED_M] + p->jump_slack_m)) {
        return 0;
    }
    if (!(back > p->outlier_ratio * by_speed + p->jump_slack_m)) {
        return 0;
    }
    if (there < p->outlier_kmh / 3.6 * seconds) {
        return 0;
    }
    if (back < p->outlier_kmh / 3.6 * (t - c[POS_T]) / 1e6) {
        return 0;
    }
    across = haversine_m(c[BEFORE_LAT], c[BEFORE_LON], lat, lon);
    by_speed_across = c[LEG_SPEED_M] + by_speed;
    as_said = fabs(across - by_speed_across) <= 0.2 * by_speed_across + p->jump_slack_m;
    if (!as_said && (across >= there || across >= back)) {
        return 0;
    }
    reject(c, 1.0);
    if (c[TRIP] > 0.0 && !(c[STAND_T] <= t)) {
        c[DISTANCE] -= c[PLACES_ONLY_M];
    }
    c[PLACES_ONLY_M] = 0.0;
    c[CHORD_T] = NAN;
    c[SPEED_LAT] = NAN;
    c[SPEED_LON] = NAN;
    c[LEG_M] = across;
    c[LEG_SPEED_M] += by_speed;
    return 1;
}

/* Keep the leg to this fix for the next one. */
static void compare_leg(double *c, const Parameters *p, double t, double v, double lat, double lon,
                        double by_speed) {
    if (!(by_speed == by_speed && turned_back(c, p, t, v, lat, lon, by_speed))) {
        c[BEFORE_LAT] = c[POS_LAT];
        c[BEFORE_LON] = c[POS_LON];
        c[BEFORE_T] = c[POS_T];
        c[LEG_M] = haversine_m(c[POS_LAT], c[POS_LON], lat, lon);
        c[LEG_SPEED_M] = by_speed;
    }
}

/* Before speed v of t replaces the last one: metres by speed since the last fix. */
static void add_by_speed(double *c, const Parameters *p, double t, double v) {
    double since, seconds;
    since = c[POS_T];
    if (!(since < t) || !(t - c[SPEED_T] <= c[GAP_US])) {
        return;
    }
    if (c[SPEED_T] > since) {
        since = c[SPEED_T];
    }
    seconds = (t - since) / 1e6;
    if (seconds > 0.0) {
        c[BY_SPEED_M] += (c[SPEED] + v) / 7.2 * seconds;
        c[BY_SPEED_MORE_M] += 0.25 * p->reach_mps2 * seconds * seconds;
    }
}

static void begin_zeros(double *c, double t, double lat, double lon, double v) {
    c[ZERO_T] = t;
    c[ZERO_LAT] = lat;
    c[ZERO_LON] = lon;
    c[ZERO_V] = v;
    c[ZERO_M] = 0.0;
}

/* Judge a measured 0 by the places. */
static int64_t judge_zero(double *c, const Parameters *p, double t, double accuracy) {
    double slack, seconds, metres, could;
    if (!(t - c[POS_T] <= FRESH_US)) {
        return c[ZERO_VOID] > 0.0 ? DERIVE : TAKE;
    }
    if (c[ZERO_VOID] > 0.0) {
        return DERIVE;
    }
    if (!(t - c[ZERO_T] <= p->sparse_gap_s * 1e6)) {
        if (t - c[SPEED_T] <= c[GAP_US] && c[SPEED_LAT] == c[SPEED_LAT]) {
            begin_zeros(c, c[SPEED_T], c[SPEED_LAT], c[SPEED_LON], c[SPEED]);
        } else {
            begin_zeros(c, t, c[POS_LAT], c[POS_LON], 0.0);
        }
    }
    slack = p->drift_m;
    if (2.0 * accuracy > slack) {
        slack = 2.0 * accuracy;
    }
    seconds = (t - c[ZERO_T]) / 1e6;
    metres = 0.0;
    could = slack + 1.1 * c[ZERO_V] / 3.6 * seconds;
    if (farther_than(c[ZERO_LAT], c[ZERO_LON], c[POS_LAT], c[POS_LON], could)) {
        metres = haversine_m(c[ZERO_LAT], c[ZERO_LON], c[POS_LAT], c[POS_LON]);
    }
    if (metres > could && metres >= 2.0 * p->move_kmh / 3.6 * seconds) {
        if (c[ZERO_M] == 0.0) {
            c[ZERO_M] = metres;
            c[ZERO_SEEN_T] = t;
            if (c[STEP_1] > p->coarse_step_s * 1e6) {
                c[STAND_T] = NAN;
            }
            return HOLD;
        }
        if (metres >= c[ZERO_M] + 0.5 * slack) {
            c[ZERO_VOID] = 1.0;
            return DERIVE;
        }
        if (t - c[ZERO_SEEN_T] < p->derive_stand_s * 1e6) {
            return HOLD;
        }
    }
    if (c[ZERO_M] > 0.0) {
        reject(c, 1.0);
    }
    if (c[ZERO_M] > 0.0 || c[ZERO_V] > 0.0 || seconds >= p->derive_stand_s) {
        begin_zeros(c, t, c[POS_LAT], c[POS_LON], 0.0);
    }
    return TAKE;
}

/* Judge a speed that may be an old one repeated. */
static int64_t judge_kept(double *c, const Parameters *p, double t, double v) {
    int64_t frozen = c[FROZEN_T] <= t, fresh = frozen || t - c[POS_T] <= FRESH_US;
    double seconds;
    if (v == c[KEPT_V] && c[KEPT_T] <= t) {
        if (!fresh) {
            return c[KEPT] > 0.0 ? DERIVE : TAKE;
        }
        if (!farther_than(c[KEPT_LAT], c[KEPT_LON], c[POS_LAT], c[POS_LON], p->still_m)) {
            seconds = (t - c[KEPT_T]) / 1e6;
            if (seconds >= p->kept_s && v / 3.6 * seconds > p->kept_m) {
                c[KEPT] = 1.0;
            }
            if (c[KEPT] == 0.0) {
                return TAKE;
            }
            if (!frozen) {
                reject(c, 1.0);
            }
            return DERIVE;
        }
    }
    c[KEPT] = 0.0;
    c[KEPT_V] = v;
    c[KEPT_T] = fresh ? t : NAN;
    c[KEPT_LAT] = c[POS_LAT];
    c[KEPT_LON] = c[POS_LON];
    return TAKE;
}

/* A speed was kept and then said to be 0, and the places never moved. */
static void stop_where_kept(double *c) {
    c[SPEED] = 0.0;
    c[SPEED_LAT] = NAN;
    c[SPEED_LON] = NAN;
    if (c[TRIP] > 0.0 && !(c[STAND_T] <= c[SPEED_T])) {
        come_to_stand(c, c[SPEED_T], c[POS_LAT], c[POS_LON]);
    }
}

/* Judge a measured speed by the places. */
static int64_t judge_speed(double *c, const Parameters *p, double t, double v, double accuracy) {
    if (v == 0.0) {
        if (c[KEPT] > 0.0) {
            stop_where_kept(c);
        }
        c[KEPT] = 0.0;
        c[KEPT_T] = NAN;
        return judge_zero(c, p, t, accuracy);
    }
    if (c[ZERO_T] == c[ZERO_T]) {
        c[ZERO_T] = NAN;
        c[ZERO_M] = 0.0;
        c[ZERO_VOID] = 0.0;
    }
    if (v >= p->frozen_kmh && v <= p->jump_kmh) {
        return judge_kept(c, p, t, v);
    }
    c[KEPT] = 0.0;
    c[KEPT_T] = NAN;
    return TAKE;
}

static void accept_speed(double *c, const Parameters *p, double t, double v, int64_t derived,
                         double since, Table *events, int64_t *emitted) {
    double last_t, step, fresh, sign;
    int64_t here, youngest, held;
    last_t = c[SPEED_T];
    step = t - last_t;
    fresh = 0.0;
    if (!derived) {
        fresh = look_for_stairs(c, p, t, v, step / 1e6);
    }
    add_by_speed(c, p, t, v);
    advance_trip(c, p, t, v, derived, since);
    if (!derived) {
        c[SPEED_DT] = step / 1e6;
        sign = sign_of(v - c[SPEED]);
        if (!(step <= STEP_GAP_US)) {
            c[STEP_N] = 0.0;
        } else if (sign != 0.0) {
            if (sign == c[STEP_SIGN] && t - c[STEP_T] <= STEP_GAP_US) {
                c[STEP_N] += 1.0;
            } else {
                c[STEP_N] = 1.0;
            }
            c[STEP_SIGN] = sign;
            c[STEP_T] = t;
        }
        correlate(c, p, t, v);
    }
    here = t - c[POS_T] <= FRESH_US;
    c[SPEED] = v;
    c[SPEED_T] = t;
    c[SPEED_LAT] = here ? c[POS_LAT] : NAN;
    c[SPEED_LON] = here ? c[POS_LON] : NAN;
    if (here && !derived) {
        c[ANCHOR_LAT] = c[POS_LAT];
        c[ANCHOR_LON] = c[POS_LON];
        c[ANCHOR_T] = c[POS_T];
    }
    feed_speeding(c, p, t, v, step, events, emitted);
    feed_crash(c, p, t, v, !derived, events, emitted);
    if (!derived && fresh != 0.0) {
        accelerate(c, p, t, v, fresh, events, emitted);
        youngest = ((int64_t)c[RING_AT] - 1 + SPEED_RING) % SPEED_RING;
        held = c[STAIRS] > 0.0 && fresh * 1e6 >= RING_STEP_US && c[RING_N] > 0.0;
        if (held && t - c[RING_T + youngest] < RING_STEP_US) {
            c[RING_AT] = (double)youngest;
            c[RING_N] -= 1.0;
        }
        push_ring(c, RING_AT, RING_T, RING_V, SPEED_RING, t, v);
    }
}

static int64_t credible(const Parameters *p, double step_kmh, double dt_s) {
    double first, limit;
    first = dt_s < 1.0 ? dt_s : 1.0;
    limit = p->spike_slack_kmh +
            3.6 * (p->spike_mps2 * first + p->spike_late_mps2 * (dt_s - first));
    return fabs(step_kmh) <= limit;
}

/* Tell whether two places lie as far apart as a speed says. */
static int64_t placed_as(const Parameters *p, double lat1, double lon1, double lat2, double lon2,
                         double by_speed_m) {
    double metres = haversine_m(lat1, lon1, lat2, lon2);
    double most = p->outlier_ratio * by_speed_m + p->jump_slack_m;
    return metres >= p->derive_m && 0.5 * by_speed_m <= metres && metres <= most;
}

/* Near the last believed speed, or slow, or as fast as the places moved meanwhile. */
static int64_t believable_after_silence(double *c, const Parameters *p, double t, double v,
                                        double base) {
    double by_speed;
    if (v <= p->spike_slack_kmh || fabs(v - base) <= p->spike_slack_kmh) {
        return 1;
    }
    if (!(t - c[POS_T] <= FRESH_US && c[SPEED_LAT] == c[SPEED_LAT])) {
        return 0;
    }
    if (!(t - c[SPEED_T] <= c[GAP_US])) {
        return 0;
    }
    by_speed = (base + v) / 7.2 * (t - c[SPEED_T]) / 1e6;
    return placed_as(p, c[SPEED_LAT], c[SPEED_LON], c[POS_LAT], c[POS_LON], by_speed);
}

/* What speaks for the doubted level, with v at t as its newest value. */
static int64_t evidence_for(double *c, const Parameters *p, double t, double v, double changes) {
    double dt = (t - c[DOUBT_T]) / 1e6, by_speed;
    int64_t placed = t - c[POS_T] <= FRESH_US && c[DOUBT_POS_T] <= c[POS_T], sparse;
    if (placed) {
        by_speed = (c[DOUBT_V] + v) / 7.2 * dt;
        if (placed_as(p, c[DOUBT_LAT], c[DOUBT_LON], c[POS_LAT], c[POS_LON], by_speed)) {
            return SEEN;
        }
    }
    if (changes >= p->doubt_changes && dt >= p->doubt_lively_s) {
        return LIVELY;
    }
    if (placed) {
        return NONE;
    }
    if (dt >= p->doubt_s) {
        return LIVELY;
    }
    sparse = t - c[SPIKE_T] > p->coarse_step_s * 1e6;
    if (sparse && v >= p->move_kmh && fabs(v - c[SPIKE]) <= p->sparse_change_kmh) {
        return LIVELY;
    }
    return NONE;
}

static void doubt(double *c, double t, double v) {
    c[SPIKE] = v;
    c[SPIKE_T] = t;
    c[DOUBT_T] = t;
    c[DOUBT_V] = v;
    c[DOUBT_N] = 1.0;
    c[DOUBT_CHANGES] = 0.0;
    c[DOUBT_LAT] = c[POS_LAT];
    c[DOUBT_LON] = c[POS_LON];
    c[DOUBT_POS_T] = t - c[POS_T] <= FRESH_US ? c[POS_T] : NAN;
}

/* A level without a way up collapsed. */
static void forget_entry(double *c) {
    c[RING_N] = 0.0;
    if (c[TRIP] > 0.0 && c[TRIP_START] >= c[ENTRY_T]) {
        clear_trip(c);
        c[STAND_T] = NAN;
        c[SPEED_T] = NAN;
        c[OVER_START] = NAN;
        c[LONGITUDINAL + CH_SIGN] = 0.0;
        c[LATERAL + CH_SIGN] = 0.0;
    }
}

/* Take one measured speed, km/h. */
static void feed_speed(double *c, const Parameters *p, double t, double v, Table *events,
                       int64_t *emitted) {
    int64_t first, turn, believable, evidence, goes_on, down, near, stops;
    double then, value, base, silence, dt, changes, lat, lon, pos_t, by_speed, more;
    if (v > p->jump_kmh) {
        reject(c, 1.0);
        return;
    }
    base = t - c[SPEED_T] <= c[GAP_US] ? c[SPEED] : 0.0;
    silence = p->silence_steps * c[SPEED_DT] * 1e6;
    if (!(silence > 2.0 * FRESH_US)) {
        silence = 2.0 * FRESH_US;
    }
    if (t - c[MEASURED_T] <= silence && t - c[SPEED_T] <= silence) {
        believable = credible(p, v - base, (t - c[SPEED_T]) / 1e6);
    } else {
        believable = believable_after_silence(c, p, t, v, base);
    }
    first = 1;
    evidence = NONE;
    if (c[SPIKE_T] <= t) {
        goes_on = !(c[SPIKE_T] <= c[SPEED_T]);
        if (goes_on) {
            dt = (t - c[SPIKE_T]) / 1e6;
            if (dt > p->coarse_step_s) {
                dt = p->coarse_step_s;
            }
            goes_on = t - c[SPIKE_T] <= c[GAP_US] && credible(p, v - c[SPIKE], dt);
        }
        down = c[SPIKE] < base;
        if (down) {
            goes_on = goes_on && !believable;
        } else if (goes_on) {
            near = fabs(v - c[SPIKE]) < fabs(v - base);
            stops = v < p->move_kmh && c[SPIKE] - v > p->spike_slack_kmh;
            goes_on = !stops && (near || !believable);
        }
        if (goes_on) {
            changes = c[DOUBT_CHANGES] + (v != c[SPIKE] ? 1.0 : 0.0);
            if (down) {
                evidence = c[CLIMBED] > 0.0 ? SEEN : LIVELY;
            } else {
                evidence = evidence_for(c, p, t, v, changes);
            }
            if (evidence == NONE) {
                c[SPIKE] = v;
                c[SPIKE_T] = t;
                c[DOUBT_N] += 1.0;
                c[DOUBT_CHANGES] = changes;
                return;
            }
            if (!down) {
                c[RING_N] = 0.0;
            } else if (c[CLIMBED] == 0.0) {
                forget_entry(c);
            }
            first = 0;
        } else {
            reject(c, c[DOUBT_N]);
            c[SPIKE_T] = NAN;
            if (!believable) {
                doubt(c, t, v);
                return;
            }
        }
    } else if (!believable) {
        doubt(c, t, v);
        return;
    } else if (c[CLIMBED] == 0.0 && v != c[SPEED]) {
        c[ENTRY_CHANGES] += 1.0;
    }
    c[SPIKE_T] = NAN;
    lat = lon = pos_t = by_speed = more = 0.0;
    if (first == 0) {
        lat = c[POS_LAT];
        lon = c[POS_LON];
        pos_t = c[POS_T];
        by_speed = c[BY_SPEED_M];
        more = c[BY_SPEED_MORE_M];
        c[POS_LAT] = c[DOUBT_LAT];
        c[POS_LON] = c[DOUBT_LON];
        c[POS_T] = c[DOUBT_POS_T];
    }
    for (turn = first; turn < 2; turn++) {
        then = turn == 0 ? c[DOUBT_T] : t;
        value = turn == 0 ? c[DOUBT_V] : v;
        accept_speed(c, p, then, value, 0, 0.0, events, emitted);
        if (turn == 0) {
            c[POS_LAT] = lat;
            c[POS_LON] = lon;
            c[POS_T] = pos_t;
            c[BY_SPEED_M] = by_speed;
            c[BY_SPEED_MORE_M] = more;
        }
    }
    c[MEASURED_T] = t;
    if (evidence == LIVELY) {
        c[CLIMBED] = 0.0;
        c[ENTRY_T] = c[DOUBT_T];
        c[ENTRY_CHANGES] = 0.0;
    } else if (evidence == SEEN || v <= p->spike_slack_kmh ||
               (c[ENTRY_CHANGES] >= p->climbed_changes &&
                t - c[ENTRY_T] >= p->climbed_s * 1e6)) {
        c[CLIMBED] = 1.0;
    }
}

/* Lateral acceleration from the change of heading and the speed; left is positive. */
static void feed_heading(double *c, const Parameters *p, double t, double heading, Table *events,
                         int64_t *emitted) {
    int64_t last, j, younger, goes_on;
    double span, turn, a, before;
    last = HEAD_V + ((int64_t)c[HEAD_AT] - 1 + HEADING_RING) % HEADING_RING;
    if (c[STAIRS] > 0.0 && c[HEAD_N] > 0.0 && heading == c[last]) {
        return;
    }
    if (!(t - c[SPEED_T] <= SOURCE_US && c[SPEED] >= p->heading_kmh)) {
        c[HEAD_N] = 0.0;
        return;
    }
    younger = find_ring(c, HEAD_AT, HEAD_T, HEADING_RING, t, p->window_s, 0);
    j = ring_index(c, HEAD_AT, HEADING_RING, younger);
    if (younger >= 0 && (t - c[HEAD_T + j]) / 1e6 <= p->window_max_s) {
        span = (t - c[HEAD_T + j]) / 1e6;
        turn = heading - c[HEAD_V + j];
        turn -= 360.0 * floor((turn + 180.0) / 360.0);
        a = -c[SPEED] / 3.6 * turn * (M_PI / 180.0) / span;
        before = t - c[HEAD_ACCEL_T] <= SOURCE_US ? c[HEAD_ACCEL] : 0.0;
        c[HEAD_ACCEL] = a;
        c[HEAD_ACCEL_T] = t;
        goes_on = before * sign_of(a) >= 0.3 * p->cornering_mps2;
        if (fabs(turn) < p->heading_deg || (fabs(turn) < p->heading_sure_deg && !goes_on)) {
            a = 0.0;
        }
        if (!(t - c[LAT_T] <= SOURCE_US)) {
            feed_channel(c, p, LATERAL, t, a, c[HEAD_T + j], span, c[SPEED], 0, 0.0, events,
                         emitted);
        }
    }
    push_ring(c, HEAD_AT, HEAD_T, HEAD_V, HEADING_RING, t, heading);
}

static void smooth(double *c, const Parameters *p, int64_t value, int64_t time_slot,
                   int64_t channel, double t, double a, Table *events, int64_t *emitted) {
    double dt, before, other, v0;
    if (fabs(a) > p->physical_mps2) {
        return;
    }
    dt = (t - c[time_slot]) / 1e6;
    before = c[value];
    if (!(dt <= 2.0)) {
        dt = 2.0;
        before = 0.0;
        c[value] = a;
    } else if (dt < p->as_is_s) {
        c[value] += dt / (p->smooth_s + dt) * (a - c[value]);
    } else {
        c[value] = a;
    }
    c[time_slot] = t;
    other = 0.0;
    if (channel == LONGITUDINAL && t - c[SPEED_ACCEL_T] <= SOURCE_US) {
        other = c[SPEED_ACCEL];
    }
    if (channel == LATERAL && t - c[HEAD_ACCEL_T] <= SOURCE_US) {
        other = c[HEAD_ACCEL];
    }
    if (dt >= p->coarse_s && fabs(before) > fabs(other)) {
        other = before;
    }
    v0 = t - c[SPEED_T] <= FRESH_US ? c[SPEED] : NAN;
    feed_channel(c, p, channel, t, c[value], t, dt, v0, 1, other, events, emitted);
}

/* Take one longitudinal acceleration in the vehicle's frame, m/s². */
static void feed_long(double *c, const Parameters *p, double t, double a, Table *events,
                      int64_t *emitted) {
    smooth(c, p, LONG, LONG_T, LONGITUDINAL, t, a, events, emitted);
}

/* Take one lateral acceleration in the vehicle's frame, m/s². */
static void feed_lat(double *c, const Parameters *p, double t, double a, Table *events,
                     int64_t *emitted) {
    smooth(c, p, LAT, LAT_T, LATERAL, t, a, events, emitted);
}

static void derive(double *c, const Parameters *p, double t, double accuracy, Table *events,
                   int64_t *emitted) {
    double seconds, metres, least, v, lat = c[POS_LAT], lon = c[POS_LON];
    int64_t moved;
    seconds = (t - c[ANCHOR_T]) / 1e6;
    metres = haversine_m(c[ANCHOR_LAT], c[ANCHOR_LON], lat, lon);
    least = p->derive_m;
    if (accuracy > least) {
        least = accuracy;
    }
    if (c[KEPT] > 0.0 && p->still_m > least) {
        least = p->still_m;
    }
    moved = metres >= least && seconds >= p->derive_s;
    if (!moved && !(metres < least && seconds >= p->derive_stand_s)) {
        return;
    }
    v = moved ? 3.6 * metres / seconds : 0.0;
    accept_speed(c, p, t, v, 1, c[ANCHOR_T], events, emitted);
    c[CLIMBED] = 1.0;
    c[ANCHOR_T] = t;
    if (moved) {
        c[ANCHOR_LAT] = lat;
        c[ANCHOR_LON] = lon;
    }
}

/* How far from the last fix one at t may lie, m. */
static double reach_of(double *c, const Parameters *p, double t, double v, double by_speed) {
    double dt = (t - c[POS_T]) / 1e6, reach = p->jump_kmh / 3.6 * dt, fastest = c[SPEED];
    double slow, since, seconds, share, more;
    if (v > fastest) {
        fastest = v;
    }
    if (dt <= p->coarse_step_s) {
        if (t - c[MEASURED_T] <= FRESH_US && c[ZERO_VOID] == 0.0) {
            slow = (2.0 * fastest / 3.6 + 10.0) * dt;
            if (slow < reach) {
                reach = slow;
            }
        }
    } else if (by_speed == by_speed && fastest >= p->move_kmh) {
        since = c[POS_T];
        if (c[SPEED_T] > since) {
            since = c[SPEED_T];
        }
        seconds = (t - since) / 1e6;
        share = v == v ? 0.25 : 0.5;
        more = c[BY_SPEED_MORE_M] + share * p->reach_mps2 * seconds * seconds;
        slow = p->outlier_ratio * by_speed + more;
        if (slow < reach) {
            reach = slow;
        }
    }
    return p->jump_slack_m + reach;
}

/* Metres that the speeds since the last fix explain, up to v at t; NAN = none was measured. */
static double explained_m(double *c, const Parameters *p, double t, double v) {
    double since, last;
    if (!(t - c[POS_T] > p->coarse_step_s * 1e6) || c[ZERO_VOID] > 0.0 || c[KEPT] > 0.0) {
        return NAN;
    }
    if (!(c[SPEED_T] >= c[POS_T] - FRESH_US)) {
        return NAN;
    }
    since = c[POS_T];
    if (c[SPEED_T] > since) {
        since = c[SPEED_T];
    }
    last = v == v ? v : c[SPEED];
    return c[BY_SPEED_M] + (c[SPEED] + last) / 7.2 * (t - since) / 1e6;
}

/* Tell whether a fix goes on from a doubted place and not from the last one that was taken. */
static int64_t stays_off(double *c, const Parameters *p, double t, double v, double lat, double lon,
                         double by_speed) {
    double since, most;
    if (!(by_speed == by_speed && v == v && t - c[JUMP_T] <= c[GAP_US])) {
        return 0;
    }
    since = (c[SPEED] + v) / 7.2 * (t - c[JUMP_T]) / 1e6;
    if (farther_than(c[JUMP_LAT], c[JUMP_LON], lat, lon, p->outlier_ratio * since + p->jump_slack_m)) {
        return 0;
    }
    most = p->outlier_ratio * by_speed + p->jump_slack_m;
    return farther_than(c[POS_LAT], c[POS_LON], lat, lon, most);
}

/* Take one fix. v : km/h that the same row measures. Returns what became of it. */
static int64_t feed_position(double *c, const Parameters *p, double t, double lat, double lon,
                             double accuracy, double v) {
    int64_t measured, became, again, off;
    double reach, by_speed;
    if (accuracy > p->accuracy_limit_m || (fabs(lat) < 1e-06 && fabs(lon) < 1e-06)) {
        reject(c, 1.0);
        return REFUSED;
    }
    if (lat == c[POS_LAT] && lon == c[POS_LON]) {
        measured = t - c[MEASURED_T] <= FRESH_US;
        if ((measured && c[SPEED] >= p->frozen_kmh) || c[KEPT] > 0.0) {
            if (!(c[FROZEN_T] <= t)) {
                c[FROZEN_T] = t;
            }
            if (t - c[FROZEN_T] >= p->frozen_s * 1e6) {
                reject(c, 1.0);
            }
            return REFUSED;
        }
    }
    c[FROZEN_T] = NAN;
    became = TAKEN;
    if (t - c[POS_T] <= c[GAP_US]) {
        by_speed = explained_m(c, p, t, v);
        off = farther_than(c[POS_LAT], c[POS_LON], lat, lon, reach_of(c, p, t, v, by_speed));
        if (off || (c[JUMP_N] > 0.0 && stays_off(c, p, t, v, lat, lon, by_speed))) {
            again = c[JUMP_N] > 0.0;
            if (again) {
                reach = p->jump_kmh / 3.6 * (t - c[JUMP_T]) / 1e6;
                again = !farther_than(c[JUMP_LAT], c[JUMP_LON], lat, lon, p->jump_slack_m + reach);
            }
            if (!again) {
                c[JUMP_N] = 0.0;
                c[JUMP_FIRST_T] = t;
                note_jump(c, p, t, lat, lon, 1.0);
            }
            c[JUMP_N] += 1.0;
            c[JUMP_LAT] = lat;
            c[JUMP_LON] = lon;
            c[JUMP_T] = t;
            if (c[JUMP_N] < JUMP_FIXES || t - c[JUMP_FIRST_T] < p->jump_keep_s * 1e6) {
                reject(c, 1.0);
                return REFUSED;
            }
            became = ANEW;
            note_jump(c, p, t, lat, lon, 3.0);
        }
        if (became == TAKEN && t - c[POS_T] > p->coarse_step_s * 1e6) {
            compare_leg(c, p, t, v, lat, lon, by_speed);
        } else {
            c[BEFORE_T] = NAN;
        }
    } else {
        c[BEFORE_T] = NAN;
    }
    c[JUMP_N] = 0.0;
    c[POS_LAT] = lat;
    c[POS_LON] = lon;
    c[POS_T] = t;
    c[BY_SPEED_M] = 0.0;
    c[BY_SPEED_MORE_M] = 0.0;
    return became;
}

/* After a fix was taken: derive the speed from places where none is measured. */
static void follow_places(double *c, const Parameters *p, double t, double accuracy, int64_t became,
                          int64_t derived, Table *events, int64_t *emitted) {
    if (became == ANEW || !(t - c[ANCHOR_T] <= c[GAP_US])) {
        c[ANCHOR_LAT] = c[POS_LAT];
        c[ANCHOR_LON] = c[POS_LON];
        c[ANCHOR_T] = t;
        if (became == ANEW) {
            c[CHORD_T] = NAN;
        }
    } else if (derived) {
        derive(c, p, t, accuracy, events, emitted);
    }
}

/* Take the accelerometer's values of row i, in whichever frame. */
static void acceleration(double *c, const Parameters *p, double t, Columns x, int64_t i,
                         double *out, Table *events, int64_t *emitted) {
    double along, across, size;
    along = x.at[COLUMN_AL * x.n + i];
    across = x.at[COLUMN_AT * x.n + i];
    size = -1.0;
    if (!isnan(along) || !isnan(across)) {
        c[VEHICLE_T] = t;
        out[3] = isnan(along) ? 0.0 : along;
        out[4] = isnan(across) ? 0.0 : across;
        out[5] = 0.0;
        size = sqrt(out[3] * out[3] + out[4] * out[4]);
    } else if (!(isnan(x.at[COLUMN_AX * x.n + i]) || isnan(x.at[COLUMN_AY * x.n + i]) ||
                 isnan(x.at[COLUMN_AZ * x.n + i]))) {
        feed_frame(c, p, t, x.at[COLUMN_AX * x.n + i], x.at[COLUMN_AY * x.n + i],
                   x.at[COLUMN_AZ * x.n + i], out);
        size = out[2];
        if (!(t - c[VEHICLE_T] <= SOURCE_US)) {
            along = out[0];
            across = out[1];
        }
    }
    if (size < 0.0) {
        return;
    }
    c[ACCEL_DT] = (t - c[ACCEL_T]) / 1e6;
    c[ACCEL_T] = t;
    feed_impulse(c, p, t, out, size);
    if (!isnan(along)) {
        feed_long(c, p, t, along, events, emitted);
    }
    if (!isnan(across)) {
        feed_lat(c, p, t, across, events, emitted);
    }
}

static void take_row(double *c, const Parameters *p, double t, Columns x, int64_t i, double *out,
                     Table *trips, Table *events, int64_t *emitted) {
    double began, speed, lat, lon, usable;
    int64_t channel, has_speed, waits, on, said, became, derived;
    speed = x.at[COLUMN_SPEED * x.n + i];
    lat = x.at[COLUMN_LAT * x.n + i];
    lon = x.at[COLUMN_LON * x.n + i];
    if (isnan(lon)) {
        lat = NAN;
    }
    note_rate(c, p, t, speed, lat, lon);
    note_clock(c, p, t, speed, lat, lon);
    check_end(c, p, t, trips, events, emitted);
    began = c[TRIP] > 0.0 ? c[TRIP_START] : -1.0;
    const int64_t all[] = {LONGITUDINAL, LATERAL};
    for (int64_t k = 0; k < 2; k++) {
        channel = all[k];
        waits = c[WAITS + (channel == LATERAL ? 1 : 0)] > 0.0 && c[CRASH_T] <= t;
        if (c[channel + CH_SIGN] != 0.0 && t - c[channel + CH_LAST] >= SILENT_US && !waits) {
            close_channel(c, p, channel, events, emitted);
        }
    }
    if (!isnan(x.at[COLUMN_LIMIT * x.n + i])) {
        c[LIMIT] = x.at[COLUMN_LIMIT * x.n + i];
        c[LIMIT_T] = t;
    }
    if (!isnan(x.at[COLUMN_IGN * x.n + i])) {
        on = x.at[COLUMN_IGN * x.n + i] >= 0.5;
        if (on) {
            c[IGNITION_OFF_T] = NAN;
        } else if (c[IGNITION] >= 0.5) {
            c[IGNITION_OFF_T] = t;
        }
        c[IGNITION] = x.at[COLUMN_IGN * x.n + i];
    }
    said = TAKE;
    became = REFUSED;
    if (!isnan(lat)) {
        usable = speed <= p->jump_kmh ? speed : NAN;
        became = feed_position(c, p, t, lat, lon, x.at[COLUMN_ACC * x.n + i], usable);
    }
    has_speed = !isnan(speed);
    if (has_speed) {
        said = judge_speed(c, p, t, speed, x.at[COLUMN_ACC * x.n + i]);
    }
    if (became != REFUSED) {
        derived = said == DERIVE || (!has_speed && !(t - c[MEASURED_T] <= DERIVE_AFTER_US));
        follow_places(c, p, t, x.at[COLUMN_ACC * x.n + i], became, derived, events, emitted);
    }
    if (has_speed && said == TAKE) {
        feed_speed(c, p, t, speed, events, emitted);
        if (!(c[STAND_T] <= t) && c[SPEED] >= p->event_kmh && c[SPEED_T] == t) {
            c[IGNITION_OFF_T] = NAN;
        }
    }
    if (!isnan(x.at[COLUMN_HEADING * x.n + i])) {
        feed_heading(c, p, t, x.at[COLUMN_HEADING * x.n + i], events, emitted);
    }
    acceleration(c, p, t, x, i, out, events, emitted);
    if (c[TRIP] > 0.0 && c[TRIP_START] == began) {
        c[SAMPLES] += 1.0;
    }
}

/* Copy the rows [begin, end) of the columns that there are; what is infinite was not measured. */
static void fill(Columns x, const double *const *given, int64_t begin, int64_t end) {
    for (int64_t k = 0; k < COLUMNS; k++) {
        for (int64_t i = 0; given[k] && i < end - begin; i++) {
            double value = given[k][begin + i];
            x.at[k * x.n + i] = value - value == 0.0 ? value : NAN;
        }
    }
}

/* All rows of all devices; the entry for the bench. given : 13 columns, NULL = none; x : room for
 * a portion of `portion` rows, NAN; p : Parameters; carry is changed. */
void drive(const double *const *given, double *x, int64_t portion, const int64_t *t_us, const int64_t *local_us, const int64_t *starts,
           int64_t devices, double *carry, const double *p, double *trips, int64_t trips_room,
           int64_t trips_width, double *events, int64_t events_room, int64_t events_width,
           int64_t *emitted) {
    Columns columns = {x, portion};
    int64_t begin = 0, ends = 0, n = starts[devices];
    Table trip_table = {trips, trips_room, trips_width};
    Table event_table = {events, events_room, events_width};
    double out[6];
    for (int64_t d = 0; d < devices; d++) {
        double *c = carry + d * CARRY_WIDTH;
        c[DEVICE] = (double)d;
        for (int64_t i = starts[d]; i < starts[d + 1]; i++) {
            double t = (double)t_us[i];
            if (i == ends) {
                begin = ends;
                ends = MIN(ends + portion, n);
                fill(columns, given, begin, ends);
            }
            c[NOW] = t;
            c[LOCAL_SHIFT] = (double)(local_us[i] - t_us[i]);
            take_row(c, (const Parameters *)p, t, columns, i - begin, out, &trip_table,
                     &event_table, emitted);
        }
        c[DEVICE] = 0.0;
    }
}
