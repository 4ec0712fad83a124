"""Plain twin of the consumption kernels: floats, lists and dicts, nothing of ours imported.

A `Meter` keeps its past as lists. Rows are dicts named as the kernels' fields. Thresholds come
as a dict (the kernels' `Parameters._asdict()`), so that both judge by the same figures.
"""

import math

HOUR = 3_600_000_000.0
DAY = 24 * HOUR
NAN = math.nan
SPIKE, ZERO, STUCK, RISE, BACKWARDS, GAP, NEGATIVE, DROP = range(8)
AS_READ, HOLE, IMPLAUSIBLE, WRONG_READING, UNKNOWN_USE, EXCHANGED, CORRECTED = range(7)


def known(value):
    """NaN and infinities are absent measurements."""
    return value is not None and math.isfinite(value)


def looks_like_code(kwh):
    """2^n, 2^n - 1 (from 16,383) or nines (from 9,999), in whole Wh or whole kWh."""
    for figure in (abs(kwh) * 1000.0, abs(kwh)):
        n = math.floor(figure + 0.5)
        if n < 9_999 or abs(figure - n) > 1e-9 * n:
            continue
        powers = any(m >= 2**14 and m & (m - 1) == 0 for m in (n, n + 1))
        if powers or set(str(n)) == {"9"}:
            return True
    return False


def two_highest(values):
    """Highest and second highest of values, zeros where there are fewer."""
    ranked = [*sorted((v for v in values if v > 0.0), reverse=True), 0.0, 0.0]
    return ranked[0], ranked[1]


class Today:
    """What adds up in one local day."""

    def __init__(self, number, start, lead, tainted):
        self.number, self.start, self.lead, self.tainted = number, start, lead, tainted
        self.end_local = 0.0
        self.kwh = self.estimated_kwh = self.night_kwh = 0.0
        self.measured = self.estimated = self.missing = 0.0
        self.powers = []
        self.peak = None
        self.highest_taught = self.zero_h = self.same_h = 0.0
        self.hours = []


class Meter:
    """One meter, fed sample by sample."""

    def __init__(self, device, parameters):
        self.device, self.p = device, parameters
        self.intervals, self.days, self.anomalies = [], [], []
        self.source = None
        self.last_t = None
        self.offset = None
        self.length = None
        self.next_start = None
        self.last_power = None
        self.key, self.new_meter = None, False
        self.power, self.export, self.exporting = None, None, False
        self.base = None  # (t, kwh) of the last believed read
        self.moved = None
        self.open = None  # the interval being filled: start, local, kwh, read
        self.held = None  # (t, kwh, offset, may be use)
        self.jump = None  # before the greatest step of a day: t, kwh, use, lost
        self.over = None  # values in a row above the connection: count, power, end
        self.larger_w = 0.0
        self.last_highest_taught = 0.0  # of the last closed day
        self.spacings, self.usual_spacing = 0, 0.0
        self.today = None
        self.hour_local, self.exported = None, None
        self.hour, self.hour_kwh, self.hour_us = None, 0.0, 0.0
        self.zeros = None  # run: start, length, end
        self.same = None  # run: start, length, end, count, kwh
        self.mute, self.quantum = False, None
        self.habit_days = 0
        self.habit_max = 0.0
        self.maxima, self.zero_runs, self.same_runs = [], [], []
        self.zero_habit = self.zero_limit = self.same_habit = self.same_limit = 0.0
        self.baseline, self.pending, self.restless = [], [], False
        self.by_night = False
        self.block = None  # six local hours: number, start, hours, tainted
        self.rise_w, self.calm = 0.0, []
        self.negative_days, self.negative_t = [], None
        self.whole_days, self.closed_day, self.whole_days_solar = [], None, False
        self.drop_figure, self.drop_back, self.drop_calm = 0, 0.0, None
        self.base_days, self.base_load, self.base_memory = [], NAN, None
        self.top, self.top_before = [], []
        self.last_spike = None
        self.profile = {}
        self.episodes = {}

    # --- anomalies

    def write_anomaly(self, kind, phase, end, decided):
        episode = self.episodes[kind]
        self.anomalies.append(
            dict(
                device=self.device,
                kind=kind,
                phase=phase,
                start_us=episode["start"],
                end_us=end,
                since_us=episode["start"],
                observed=episode["observed"],
                expected=episode["expected"],
                threshold=episode["threshold"],
                severity=episode["severity"],
                decided_us=decided,
            )
        )

    def raise_(self, kind, start, observed, expected, threshold, severity, decided):
        self.episodes[kind] = dict(
            start=start,
            observed=observed,
            expected=expected,
            threshold=threshold,
            severity=severity,
        )
        self.write_anomaly(kind, 0, 0, decided)

    def clear(self, kind, end, decided):
        self.write_anomaly(kind, 1, end, decided)
        del self.episodes[kind]

    def worse(self, kind, observed, severity):
        episode = self.episodes[kind]
        episode["observed"] = max(episode["observed"], observed)
        episode["severity"] = max(episode["severity"], severity)

    def spike_limit(self, highest):
        p = self.p
        third = max([day[2] for day in (self.top, self.top_before) if len(day) == 3] + [0.0])
        return max(
            p["spike_factor"] * highest,
            highest + p["spike_margin_w"],
            p["spike_third_factor"] * third,
        )

    @staticmethod
    def spike_grade(ratio):
        return 3 if ratio >= 5 else 2 if ratio >= 3 else 1

    def judge_refused(self, start, energy, length, usual, decided):
        """A value that no home can use is a spike, unless it is an error's code or far beyond."""
        p = self.p
        power = energy * 3.6e12 / length
        most = p["spike_beyond_factor"] * self.limit_kw() * 1000.0
        if looks_like_code(energy) or power > most or self.habit_days < p["habit_days"]:
            return
        if self.mute or ZERO in self.episodes or STUCK in self.episodes:
            return
        if SPIKE in self.episodes:
            threshold = self.episodes[SPIKE]["threshold"]
            self.worse(SPIKE, power, self.spike_grade(power / (threshold / p["spike_factor"])))
            return
        highest = max(self.habit_max, self.taught_today())
        limit = self.spike_limit(highest)
        if power > limit:
            expected = highest if usual is None else usual
            severity = self.spike_grade(power / (limit / p["spike_factor"]))
            self.raise_(SPIKE, start, power, expected, limit, severity, decided)

    def remember_spike(self, start, peak):
        """A spike like the one before, on another day of the last weeks, is a habit."""
        p = self.p
        if self.last_spike is not None:
            began, power = self.last_spike
            ratio = max(peak, power) / min(peak, power)
            lower = min(peak, power)
            days_apart = (
                p["spike_habit_hours"] * HOUR <= start - began <= p["spike_habit_days"] * DAY
            )
            alike = ratio <= p["spike_habit_factor"]
            if days_apart and alike and lower <= self.connection_kw() * 1000.0:
                self.habit_max = max(self.habit_max, lower)
        self.last_spike = (start, peak)

    def judge_spike(self, start, end, power, usual, decided):
        p = self.p
        highest = max(self.habit_max, self.today.highest_taught)
        limit = self.spike_limit(highest)
        grade = self.spike_grade
        if SPIKE in self.episodes:
            episode = self.episodes[SPIKE]
            if power <= p["spike_clear_share"] * episode["threshold"]:
                self.remember_spike(episode["start"], episode["observed"])
                self.clear(SPIKE, start, decided)
            elif end - episode["start"] > p["spike_longest_s"] * 1e6:
                self.clear(SPIKE, start, decided)
                self.habit_max = max(self.habit_max, power)
            else:
                self.worse(SPIKE, power, grade(power / (episode["threshold"] / p["spike_factor"])))
            return SPIKE in self.episodes
        if self.habit_days < p["habit_days"] or self.mute or power <= limit:
            return False
        expected = highest if usual is None else usual
        self.raise_(
            SPIKE,
            start,
            power,
            expected,
            limit,
            grade(power / (limit / p["spike_factor"])),
            decided,
        )
        return True

    @staticmethod
    def run_grade(hours):
        return 3 if hours >= 72 else 2 if hours >= 24 else 1

    def judge_zero(self, start, end, power, decided):
        p = self.p
        running = [k for k in (ZERO, STUCK) if k in self.episodes] if self.zeros else []
        limit = p["zero_clear_w"] if running else p["zero_w"]
        if abs(power) > limit or self.exporting:
            self.end_zeros(self.zeros and self.zeros["end"], decided)
            return False
        if self.zeros is None:
            self.zeros = dict(start=start, us=0.0, end=end)
        self.zeros["us"] += end - start
        self.zeros["end"] = end
        hours = self.zeros["us"] / HOUR
        if running:
            self.worse(running[0], hours, self.run_grade(hours))
        elif (
            self.habit_days >= p["habit_days"]
            and hours >= self.zero_limit
            and self.zeros["us"] >= 2 * self.length
        ):
            idle = self.power is not None and abs(self.power) <= p["zero_clear_w"]
            kind = STUCK if self.source == "register" and not idle else ZERO
            self.raise_(
                kind,
                self.zeros["start"],
                hours,
                self.zero_habit,
                self.zero_limit,
                self.run_grade(hours),
                decided,
            )
            running = [kind]
        return bool(running)

    def end_zeros(self, end, decided):
        if self.zeros is None:
            return
        kind = next((k for k in (ZERO, STUCK) if k in self.episodes), None)
        if kind is not None:
            self.clear(kind, end, decided)
            self.mute = True
        elif self.today:
            self.today.zero_h = max(self.today.zero_h, self.zeros["us"] / HOUR)
        self.zeros = None

    def judge_same(self, start, end, energy, decided):
        p = self.p
        run = self.same
        if self.zeros is None and run and abs(energy - run["kwh"]) <= p["same_kwh"]:
            run["n"] += 1
            run["us"] += end - start
            run["end"] = end
            hours = run["us"] / HOUR
            limit = self.same_limit
            if abs(energy) <= (p["coarse_steps"] + 0.5) * (self.quantum or 0.0):
                limit = max(limit, p["stuck_coarse_hours"])
            if STUCK in self.episodes:
                self.worse(STUCK, hours, self.run_grade(hours))
            elif (
                self.habit_days >= p["habit_days"]
                and hours >= limit
                and run["n"] >= p["stuck_intervals"]
            ):
                self.raise_(
                    STUCK,
                    run["start"],
                    hours,
                    self.same_habit,
                    limit,
                    self.run_grade(hours),
                    decided,
                )
            else:
                return False
            return True
        if run and abs(energy - run["kwh"]) > p["same_kwh"]:
            self.quantum = min(abs(energy - run["kwh"]), self.quantum or math.inf)
        self.end_same(decided)
        if self.zeros is None:
            self.same = dict(start=start, us=end - start, end=end, n=1, kwh=energy)
        return False

    def end_same(self, decided):
        run, self.same = self.same, None
        if run is None:
            return
        if STUCK in self.episodes:
            self.clear(STUCK, run["end"], decided)
            self.mute = True
        elif run["n"] > 1 and self.today:
            self.today.same_h = max(self.today.same_h, run["us"] / HOUR)

    def judge_rise(self, lowest, start, decided):
        """Take six closed hours: their lowest, when they began."""
        p = self.p
        grade = lambda w: 3 if w >= 300 else 2 if w >= 150 else 1  # noqa: E731
        if RISE in self.episodes:
            episode = self.episodes[RISE]
            base = episode["expected"]
            if lowest <= base + p["rise_clear_share"] * (self.rise_w - base):
                self.calm.append(start)
                if start - self.calm[0] >= DAY:
                    self.clear(RISE, self.calm[0], decided)
                return
            if self.calm and start - self.calm[-1] > 1.5 * DAY:
                self.calm = []
            if start - episode["start"] > p["rise_longest_days"] * DAY:
                self.clear(RISE, start, decided)
                self.baseline, self.pending = [], []
            return
        if DROP in self.episodes:
            return
        self.pending.append((lowest, start))
        if len(self.pending) > 28:
            self.baseline = [*self.baseline, self.pending.pop(0)][-112:]
        if len(self.baseline) < 4 * p["rise_fast_history_days"] or len(self.pending) < 28:
            return

        def floors(blocks, length):
            runs = (blocks[i : i + length] for i in range(len(blocks) - length + 1))
            return sorted(min(block[0] for block in run) for run in runs)

        days = floors(self.baseline, 4)
        base = days[len(days) // 2]
        if min(block[0] for block in self.pending[-12:]) <= base + p["rise_w"]:
            return
        step = p["rise_steps"] * (self.quantum or 0.0) * 1000
        span = 6 if self.restless else 4
        ways = [("rise_fast_", 12), ("rise_", 28)]
        if len(self.baseline) < 4 * p["rise_history_days"]:
            ways.pop()
        for name, length in ways:
            now = min(block[0] for block in self.pending[-length:])
            first = 28 - length
            while first and self.pending[first - 1][0] > (base + now) / 2:
                first -= 1
            since, before = floors(self.pending[first:], span), floors(self.baseline, span)
            tenth = (len(before) - 1) // 10
            width = before[len(before) - 1 - tenth] - before[tenth]
            limit = base + max(
                p[name + "w"],
                p[name + "share"] * base,
                step,
                p[name + "over_spread"] * (since[-1] - since[0]),
                p["rise_over_spread_before"] * width,
            )
            if now > limit:
                break
        else:
            return
        start = self.pending[first][1]
        self.raise_(RISE, start, now, base, limit, grade(now - base), decided)
        self.rise_w, self.calm, self.pending = now, [], self.pending[:first]

    def judge_drop(self, decided):
        """Compare the last seven days with the 28 before.

        A day: start, second-lowest hour, lower quarter, median, mean, highest interval.
        """
        p, day = self.p, self.closed_day
        if day is None:
            return
        self.closed_day = None
        if DROP in self.episodes:
            if day[self.drop_figure] > self.drop_back:
                if self.drop_calm is not None:
                    self.clear(DROP, self.drop_calm, decided)
                else:
                    self.drop_calm = day[0]
                return
            self.drop_calm = None
            if day[0] - self.episodes[DROP]["start"] > p["drop_longest_days"] * DAY:
                self.clear(DROP, day[0], decided)
                self.whole_days = []
            return
        self.whole_days = [*self.whole_days, day][-49:]
        before, week = self.whole_days[:-7], self.whole_days[-7:]
        if len(before) < p["drop_history_days"]:
            return
        month = before[-28:]
        middle = lambda values: sorted(values)[len(values) // 2]  # noqa: E731
        average = lambda days: sum(d[4] for d in days) / len(days)  # noqa: E731
        median = lambda days, figure: middle([d[figure] for d in days])  # noqa: E731

        def spread(figure):
            centre = median(month, figure)
            return 1.4826 * middle([abs(d[figure] - centre) for d in month])

        least = max(p["drop_least_w"], p["drop_steps"] * (self.quantum or 0.0) * 1000)
        telling = [figure for figure in (1, 2, 3) if median(month, figure) >= least]
        if not telling:
            return
        figure = telling[0]
        low, low_usual = median(week, figure), median(month, figure)
        if low_usual < low / p["drop_low_share"]:
            return
        mean, usual = average(week), average(month)
        central, central_usual = median(week, 3), median(month, 3)
        highest = lambda days: max(d[5] for d in days)  # noqa: E731
        top = highest(week)
        ends = range(len(before), 6, -7)
        top_usual = middle([highest(before[end - 7 : end]) for end in ends])
        weeks = [before[i : i + 7] for i in range(len(before) - 6)]
        lived_in = [days for days in weeks if highest(days) >= p["drop_past_top"] * top]
        fall = (low_usual - low) / max(spread(figure), 1e-6)
        lows = sorted(d[figure] for d in week)[1:-1]
        if (
            sum(d[figure] >= p["drop_day_share"] * low_usual for d in week) > 1
            or fall <= p["drop_low_scatter"]
            or low_usual - low < p["drop_over_spread"] * (lows[-1] - lows[0])
            or any(low >= p["drop_past_share"] * median(days, figure) for days in lived_in)
        ):
            return
        left = low / low_usual

        def within(now, then, least, most):
            return p[least] * left * then <= now <= p[most] * left * then

        by_use = (
            mean < p["drop_share"] * usual
            and central < p["drop_share"] * central_usual
            and within(mean, usual, "drop_shape", "drop_shape_over")
            and within(central, central_usual, "drop_shape", "drop_shape_over")
            and within(top, top_usual, "drop_top", "drop_top_over")
            and usual - mean > p["drop_scatter"] * spread(4)
        )
        by_appliances = (
            fall > p["drop_appliance_scatter"]
            and mean <= p["drop_most_mean"] * left * usual
            and central < p["drop_appliance_share"] * central_usual
            and within(central, central_usual, "drop_least_shape", "drop_most_shape")
            and within(top, top_usual, "drop_appliance", "drop_appliance_over")
        )
        if not by_use and not by_appliances:
            return
        back = (low + low_usual) / 2
        days = self.whole_days
        fits = []  # (how much better the drop fits from a day on than the usual, that day)
        for day in days[::-1][:14]:
            better = abs(day[figure] - low_usual) - abs(day[figure] - low)
            fits.append((fits[-1] if fits else 0.0) + better)
        onset = len(days) - 1 - fits.index(max(fits))
        grade = 3 if left < 0.3 else 2 if left < 0.6 else 1
        limit = p["drop_share"] * usual
        self.raise_(DROP, days[onset][0], mean, usual, limit, grade, decided)
        self.drop_figure, self.drop_back, self.drop_calm = figure, back, None
        self.whole_days = days[:onset]

    def judge_negative(self, start, local, power, usual, decided):
        """Return whether a value below zero is an error; a meter that exports has them."""
        p = self.p
        if self.exporting:
            self.exported = start
            return False
        if power >= -p["negative_w"]:
            if NEGATIVE in self.episodes:
                self.clear(NEGATIVE, start, decided)
            return False
        if self.negative_t is not None and start - self.negative_t > p["solar_days"] * DAY:
            self.negative_days = []
        self.negative_t = start
        if not self.negative_days or self.negative_days[-1] != local // DAY:
            self.negative_days.append(local // DAY)
        is_open = NEGATIVE in self.episodes
        quiet = p["negative_base_share"] * self.base_load
        before = self.last_power
        fell = before is not None and p["zero_w"] < before < quiet and not self.restless
        if len(self.negative_days) >= p["negative_days"] or (fell and not is_open):
            self.exported = start
            if is_open:
                self.clear(NEGATIVE, start, decided)
            return False
        if is_open:
            episode = self.episodes[NEGATIVE]
            episode["observed"] = min(episode["observed"], power)
        elif self.habit_days >= p["habit_days"]:
            self.raise_(NEGATIVE, start, power, usual or 0.0, 0.0, 2, decided)
        return True

    def gap(self, start, end, limit, usual, decided):
        hours = (end - start) / HOUR
        grade = 3 if hours >= 24 else 2 if hours >= 6 else 1
        self.raise_(GAP, start, hours, usual / HOUR, limit / HOUR, grade, decided)
        self.clear(GAP, end, decided)

    # --- the day

    def solar(self):
        if self.zero_habit >= self.p["zero_occasional_from_h"]:
            return True
        since = None if self.exported is None else (self.hour or 0.0) * HOUR - self.exported
        return since is not None and since < self.p["solar_days"] * DAY

    def flush_hour(self):
        night = self.hour_local is not None and self.hour_local < self.p["solar_night_to_h"]
        enough = self.hour_us >= 0.5 * HOUR and len(self.today.hours) < 26
        if enough and (night or not self.solar()):
            mean = self.hour_kwh * 3.6e12 / self.hour_us
            self.today.hours.append(mean)
            self.block["hours"].append(mean)
        self.hour_kwh = self.hour_us = 0.0

    def enter_block(self, local, start, decided):
        number = local // (6 * HOUR)
        if self.block and self.block["number"] == number:
            return
        if self.block:
            self.flush_hour()
            hours = self.block["hours"]
            if self.solar() != self.by_night:
                self.by_night = self.solar()
                self.baseline, self.pending, hours = [], [], []
            fine = (self.quantum or 0.0) <= self.p["coarse_kwh"]
            if len(hours) >= 4 and fine and not self.block["tainted"]:
                for _ in range(4 if self.solar() else 1):
                    self.judge_rise(min(hours), self.block["start"], decided)
        self.block = dict(number=number, start=start, hours=[], tainted=False)

    def estimate_base(self):
        days = self.base_days
        n = len(days)
        if n < 3:
            return NAN
        middle = lambda i: sorted(day[i] for day in days)[n // 2]  # noqa: E731
        self.restless = middle(0) < 0.5 * middle(1)
        if middle(0) > 0.0 and not self.restless:
            return middle(0)
        means = sorted(day[3] for day in days)
        if means[int(0.05 * (n - 1))] >= 0.7 * means[int(0.25 * (n - 1))]:
            return means[int(0.25 * (n - 1))]
        low = sorted(day[2] for day in days)[int(0.05 * (n - 1))]
        if self.base_memory is not None and self.base_memory > 0.0:
            low = min(low, self.base_memory * 1.003)
        self.base_memory = low
        return low

    def learn(self):
        p, today = self.p, self.today
        self.habit_days += 1
        self.maxima = [*self.maxima, today.highest_taught][-28:]
        self.zero_runs = [*self.zero_runs, today.zero_h][-28:]
        self.same_runs = [*self.same_runs, today.same_h][-28:]
        first, second = two_highest(self.maxima)
        self.habit_max = max(self.habit_max * p["peak_memory"], min(first, 1.5 * second))
        longest, self.zero_habit = two_highest(self.zero_runs)
        grown = p["run_factor"] * self.zero_habit + p["run_margin_h"]
        self.zero_limit = max(p["zero_hours"], grown)
        if longest >= p["zero_occasional_from_h"]:
            self.zero_limit = max(self.zero_limit, p["zero_occasional_hours"])
        _, self.same_habit = two_highest(self.same_runs)
        grown = p["run_factor"] * self.same_habit + p["run_margin_h"]
        self.same_limit = max(p["stuck_hours"], grown)

    def close_day(self, tail, decided):
        today = self.today
        if today is None:
            return
        self.flush_hour()
        hours = sorted(today.hours)
        n = len(hours)
        floor = NAN
        if n >= (4 if self.solar() else 18) and self.length <= 2 * HOUR:
            floor = hours[1]
            if not today.tainted:
                early, late = sum(today.hours[:12]), sum(today.hours[12:])
                mean = (early + late) / n
                half = mean if n < 18 else min(early / 12, late / (n - 12))
                self.base_days = [*self.base_days, (floor, hours[n // 4], half, mean)][-28:]
                self.base_load = self.estimate_base()
                low = (floor, hours[n // 4], hours[n // 2], mean)
                self.closed_day = (today.start, *low, today.highest_taught)
                if self.solar() != self.whole_days_solar:
                    self.whole_days_solar, self.whole_days = self.solar(), []
        if today.measured >= 0.5 * DAY:
            self.learn()
        length = today.lead + today.measured + today.estimated + today.missing + max(tail, 0.0)
        count = lambda us: math.floor(us / self.length + 0.5)  # noqa: E731
        self.days.append(
            dict(
                device=self.device,
                day=today.number,
                start_us=today.start,
                energy_kwh=today.kwh,
                estimated_kwh=today.estimated_kwh,
                expected=count(length),
                present=count(today.measured),
                estimated=count(today.estimated),
                min_w=today.powers[0] if today.powers else NAN,
                max_w=today.powers[1] if today.powers else NAN,
                peak_us=0 if today.peak is None else today.peak,
                floor_w=floor,
                base_load_w=self.base_load,
                night_share=today.night_kwh / today.kwh if today.kwh > 0 else NAN,
                decided_us=decided,
            )
        )
        self.top, self.top_before = [], self.top
        self.last_highest_taught = today.highest_taught
        self.today = None

    # --- intervals

    def usual(self, local):
        day, hour = local // DAY, int((local % DAY) // HOUR)
        weekend = (int(day) + 3) % 7 >= 5
        mean, n = self.profile.get((weekend, hour), (0.0, 0))
        if n == 0:
            mean, n = self.profile.get((not weekend, hour), (0.0, 0))
        return mean if n else None

    def row(self, start, end, local, energy, status, estimated, reason, decided):
        self.intervals.append(
            dict(
                device=self.device,
                start_us=start,
                end_us=end,
                local_us=local,
                energy_kwh=energy,
                status=status,
                estimated=estimated,
                reason=reason,
                decided_us=decided,
            )
        )

    def push(self, start, end, local, energy, status, estimated, reason, decided):
        p = self.p
        self.row(start, end, local, energy, status, estimated, reason, decided)
        number = local // DAY
        # before the first interval, and after a hole without estimates, nothing is next
        joined = abs(start - (self.next_start or 0.0)) <= 0.5 * self.length
        if self.today and number > self.today.number:
            rest = 0.0 if joined else (self.today.number + 1) * DAY - self.today.end_local
            self.close_day(rest, decided)
            self.judge_drop(decided)
        if self.today is None:
            tainted = ZERO in self.episodes or STUCK in self.episodes
            self.today = Today(number, start, 0.0 if joined else local - number * DAY, tainted)
        today = self.today
        self.enter_block(local, start, decided)
        self.next_start = end
        today.end_local = local + (end - start)
        if not known(energy) or status <= 1:
            today.missing += end - start
            return
        if status < 6 or estimated:
            today.estimated_kwh += energy
            today.estimated += end - start
            return
        today.kwh += energy
        today.measured += end - start
        clock = (local - number * DAY) / HOUR
        if clock >= p["night_from_h"] or clock < p["night_to_h"]:
            today.night_kwh += energy
        if end - start < 0.99 * self.length:
            return
        power = energy * 3.6e12 / (end - start)
        if not today.powers:
            today.powers = [power, power]
            today.peak = start
        today.powers[0] = min(today.powers[0], power)
        if power > today.powers[1]:
            today.powers[1] = power
            today.peak = start
        self.judge(start, end, local, energy, power, decided)
        self.last_power = power

    def judge(self, start, end, local, energy, power, decided):
        usual = self.usual(local)
        negative = self.judge_negative(start, local, power, usual, decided)
        zero = self.judge_zero(start, end, power, decided)
        same = self.judge_same(start, end, energy, decided)
        spike = self.judge_spike(start, end, power, usual, decided)
        muted, self.mute, self.exporting = self.mute, False, False
        if zero or same:
            self.today.tainted = self.block["tainted"] = True
        if zero or same or spike or negative or muted:
            return
        if start // HOUR != self.hour:
            self.flush_hour()
            self.hour = start // HOUR
            self.hour_local = int((local % DAY) // HOUR)
        self.hour_kwh += energy
        self.hour_us += end - start
        self.today.highest_taught = max(self.today.highest_taught, power)
        self.top = sorted([*self.top, max(power, 0.0)], reverse=True)[:3]
        if RISE not in self.episodes and DROP not in self.episodes:
            day, clock = local // DAY, int((local % DAY) // HOUR)
            slot = ((int(day) + 3) % 7 >= 5, clock)
            mean, n = self.profile.get(slot, (0.0, 0))
            weight = max(1.0 / (n + 1), self.p["profile_weight"] * min(self.length / 3.6e9, 1.0))
            self.profile[slot] = (mean + weight * (power - mean), n + 1)

    def break_runs(self, decided):
        self.end_zeros(self.zeros and self.zeros["end"], decided)
        self.end_same(decided)
        if SPIKE in self.episodes:
            self.clear(SPIKE, self.next_start or 0.0, decided)
        if NEGATIVE in self.episodes:
            self.clear(NEGATIVE, self.next_start or 0.0, decided)

    # --- limits

    def connection_kw(self):
        return max(self.p["highest_power_kw"], self.larger_w / 1000.0)

    def limit_kw(self):
        return max(self.connection_kw(), self.p["spike_factor"] * self.habit_max / 1000.0)

    def taught_today(self):
        return self.today.highest_taught if self.today else self.last_highest_taught

    def own_highest_kw(self):
        return max(self.habit_max, self.taught_today()) / 1000.0

    def shows_larger(self, start, end, watt):
        """Follow values above the connection; enough of them in a row show a larger one."""
        n, last, last_end = self.over or (0, 0.0, None)
        follows = last_end == start and watt != last and 0.5 * last <= watt <= 2.0 * last
        n = n + 1 if follows else 1
        self.over = (n, watt, end)
        if n < self.p["larger_values"]:
            return False
        self.over, self.larger_w = None, 2.0 * watt
        return True

    def impossible(self, t, energy, status):
        p = self.p
        kw = abs(energy) * HOUR / self.length
        if kw <= p["doubt_kw"]:
            return False
        if kw > self.limit_kw():
            return status < 6 or not self.shows_larger(t, t + self.length, kw * 1000.0)
        if self.habit_days < p["habit_days"]:
            return False
        return kw > p["code_factor"] * self.own_highest_kw() and looks_like_code(energy)

    def take_energy(self, t, local, energy, status):
        p, step = self.p, self.length
        refused = status > 1 and self.impossible(t, energy, status)
        observed = energy
        if refused:
            usual = self.usual(local)
            power = self.last_power if usual is None else usual
            energy = NAN if power is None else power * step / 3.6e12
        if self.next_start:
            hole = t - self.next_start
            limit = max(p["gap_hours"] * HOUR, p["gap_intervals"] * step)
            if hole > limit:
                self.gap(self.next_start, t, limit, step, t)
            n = math.floor(hole / step + 0.5)
            if n >= 1:
                if hole > p["longest_fill_s"] * 1e6:
                    self.leave_hole(t)
                else:
                    self.fill(t, energy, hole, n)
                self.mute = True
        if not refused:
            self.push(t, t + step, local, energy, status, 0, AS_READ, t)
        elif known(energy):
            self.push(t, t + step, local, energy, 5, 1, IMPLAUSIBLE, t)
        else:
            self.push(t, t + step, local, NAN, 1, 0, IMPLAUSIBLE, t)
        if refused and status >= 6:
            self.judge_refused(t, observed, step, self.usual(local), t)

    def leave_hole(self, t):
        self.break_runs(t)
        self.row(self.next_start, t, self.next_start + self.offset, NAN, 0, 0, HOLE, t)
        if self.today:
            self.close_day((self.today.number + 1) * DAY - self.today.end_local, t)
            self.judge_drop(t)
        self.next_start = None

    def fill(self, t, energy, hole, n):
        first = self.next_start
        after = energy * 3.6e12 / self.length
        before = after if self.last_power is None else self.last_power
        for i in range(n):
            start = first + i * self.length
            end = t if i == n - 1 else start + self.length
            power = None
            if hole > self.p["line_fill_s"] * 1e6:
                power = self.usual(start + self.offset)
            if power is None:
                power = before + (after - before) * (i + 1.0) / (n + 1.0)
            kwh = power * (end - start) / 3.6e12
            fine = known(kwh)
            self.push(
                start, end, start + self.offset, kwh, 5 if fine else 0, 1 if fine else 0, HOLE, t
            )

    # --- registers

    def plausible(self, t_from, kwh_from, t, kwh):
        most = self.p["register_burst_kwh"] + self.connection_kw() * ((t - t_from) / HOUR)
        return -self.p["register_jitter_kwh"] <= kwh - kwh_from <= most

    def gap_limit(self):
        p = self.p
        return max(
            p["gap_hours"] * HOUR,
            p["gap_intervals"] * self.length,
            p["gap_usual"] * self.usual_spacing,
        )

    def within_habit(self, use, hours):
        p = self.p
        if self.habit_days < 1:
            return True
        factor = p["silence_factor"] * (1 if self.habit_days >= p["habit_days"] else 2)
        means = [self.profile[slot][0] for slot in sorted(self.profile)]
        mean = sum(means) / len(means) / 1000.0 if means else 0.0
        highest = self.own_highest_kw()
        usual = max(factor * mean, p["silence_share"] * highest)
        full = min(hours, p["silence_full_h"])
        most = max(highest, usual) * full + usual * (hours - full)
        return use <= p["register_burst_kwh"] + most

    def believable(self, t, kwh):
        if not self.plausible(self.moved, self.base[1], t, kwh):
            return False
        if self.spacings < 3 or t - self.base[0] <= self.gap_limit():
            return True
        return self.within_habit(kwh - self.base[1], (t - self.moved) / HOUR)

    def doubtful(self, t, kwh):
        p = self.p
        hours = max(t - self.moved, self.length, p["doubt_s"] * 1e6) / HOUR
        most = max(p["doubt_kw"], p["doubt_factor"] * self.own_highest_kw())
        return kwh - self.base[1] > most * hours

    def undo_us(self):
        return max(self.p["undo_s"] * 1e6, self.p["undo_reads"] * self.usual_spacing)

    def came_back(self, t, kwh):
        if self.jump is None or t - self.jump["t"] > self.undo_us():
            return False
        greatest = max(self.jump["use"], self.jump["lost"])
        if self.base[1] - kwh > greatest + self.p["register_jitter_kwh"]:
            return False
        return self.plausible(self.jump["t"], self.jump["kwh"], t, kwh)

    def start_register(self, t, offset, kwh):
        self.base, self.moved, self.held, self.jump = (t, kwh), t, None, None
        self.open = dict(start=t, local=t + offset, kwh=kwh, read=True)

    def close_interval(self, end, kwh, read, offset, reason, decided):
        o = self.open
        both = read and o["read"]
        self.push(
            o["start"],
            end,
            o["local"],
            kwh - o["kwh"],
            6 if both else 5,
            0 if both else 1,
            AS_READ if both else reason,
            decided,
        )
        self.open = dict(start=end, local=end + offset, kwh=kwh, read=read)

    def segment(self, t, offset, kwh, reason, decided):
        p, step = self.p, self.length
        t_from, kwh_from = self.base
        elapsed = t - t_from
        use = kwh - kwh_from
        corrects = reason == CORRECTED
        if not corrects:
            use = max(use, 0.0)
            jump = self.jump
            old = jump is None or t_from - jump["t"] > self.undo_us()
            if old or (jump["lost"] == 0.0 and use >= jump["use"]):
                self.jump = dict(t=t_from, kwh=kwh_from, use=use, lost=0.0)
        limit = self.gap_limit()
        if self.spacings >= 3 and elapsed > limit:
            self.gap(t_from, t, limit, self.usual_spacing, decided)
        near = elapsed <= p["bracket_intervals"] * step and not corrects
        if use > 0.0:
            self.moved = t
        if not near and self.spacings >= 1:
            self.mute = True
        old = self.offset
        edge = (self.open["start"] // step + 1) * step
        shares = None
        long = p["line_fill_s"] * 1e6 < elapsed <= p["longest_spread_s"] * 1e6
        if long and not near and not corrects:
            shares = self.shares_of_hole(t_from, t, edge)
        while edge <= t:
            exact = edge == t
            share = shares[edge] if shares else (edge - t_from) / elapsed
            at = kwh_from + use if exact else kwh_from + use * share
            self.close_interval(edge, at, near or exact, offset if exact else old, reason, decided)
            edge += step
            if not near and edge < t and elapsed > p["longest_spread_s"] * 1e6:
                edge = (t // step) * step
        if self.spacings == 0:
            self.usual_spacing = elapsed
        else:
            self.usual_spacing += 0.1 * (min(elapsed, 4 * self.usual_spacing) - self.usual_spacing)
        self.spacings += 1
        self.base = (t, kwh_from + use)

    def shares_of_hole(self, t_from, t, edge):
        """Which share of a hole's use has come by each edge of the grid, by the usual day."""
        begins, ends = [t_from], []
        while edge < t:
            ends.append(edge)
            begins.append(edge)
            edge += self.length
        ends.append(t)
        usual = [self.usual(begin + self.offset) for begin in begins]
        if None in usual:
            return None
        by = [0.0]
        for mean, begin, end in zip(usual, begins, ends, strict=True):
            by.append(by[-1] + max(mean, 0.0) * (end - begin))
        if by[-1] <= 0.0:
            return None
        return {end: amount / by[-1] for end, amount in zip(ends, by[1:], strict=True)}

    def break_register(self, t, offset, kwh, reason, decided):
        if self.base[0] > self.open["start"]:
            self.close_interval(self.base[0], self.base[1], True, self.offset, HOLE, decided)
        self.push(self.open["start"], t, self.open["local"], NAN, 0, 0, reason, decided)
        self.break_runs(decided)
        t_from, kwh_from = self.base
        self.start_register(t, offset, kwh)
        if reason != EXCHANGED:
            self.jump = dict(t=t_from, kwh=kwh_from, use=0.0, lost=kwh - kwh_from)

    def undo(self, t, offset, kwh):
        lost = self.jump["lost"]
        self.jump = self.held = None
        self.open["read"] = False
        self.segment(t, offset, kwh + lost, CORRECTED, t)
        self.base, self.moved = (t, kwh), t
        self.open["kwh"] -= lost

    def report_backwards(self, start, end, observed, expected, grade, decided):
        jitter = self.p["register_jitter_kwh"]
        self.raise_(BACKWARDS, start, observed, expected, expected - jitter, grade, decided)
        self.clear(BACKWARDS, end, decided)

    def report_step(self, start, end, use, decided):
        usual = self.usual(start + self.offset)
        self.judge_refused(start, use, max(end - start, self.length), usual, decided)

    def believe_held(self, decided):
        (t, kwh, offset, _), self.held = self.held, None
        t_from, before = self.base
        heard = t - t_from <= self.gap_limit()
        wrap = 10.0 ** self.p["register_digits"]
        if before < 0.1 * wrap:
            wrap = 0.1 * wrap
        if kwh < before < wrap and self.plausible(self.moved, before, t, kwh + wrap):
            self.segment(t, offset, kwh + wrap, HOLE, decided)
            self.base = (self.base[0], kwh)
            self.open["kwh"] -= wrap
            self.jump["kwh"] -= wrap
            return
        if kwh >= before:
            if self.shows_larger(self.base[0], t, (kwh - before) * 3.6e12 / (t - self.base[0])):
                self.segment(t, offset, kwh, HOLE, decided)
                self.offset = offset
                return
        elif self.spacings > 0:
            self.report_backwards(t, decided, kwh, before, 3 if before - kwh >= 10 else 2, decided)
        moved = self.moved
        self.break_register(t, offset, kwh, UNKNOWN_USE, decided)
        if heard and kwh > before:
            self.report_step(moved, t, kwh - before, decided)
        self.offset = offset

    def confirm_held(self, decided):
        (t, kwh, offset, _), self.held = self.held, None
        if self.spacings == 0:
            self.break_register(t, offset, kwh, UNKNOWN_USE, decided)
        else:
            self.segment(t, offset, kwh, HOLE, decided)
        self.offset = offset

    def drop_held(self, t, kwh):
        wrong = self.held[1]
        if kwh >= wrong > self.base[1] and self.held[0] - self.base[0] <= self.gap_limit():
            self.report_step(self.moved, self.held[0], wrong - self.base[1], t)
        if abs(wrong) > self.p["register_jitter_kwh"] and wrong < self.base[1]:
            self.report_backwards(self.held[0], t, wrong, self.base[1], 1, t)
        self.held = None

    def take_register(self, t, offset, kwh, exchanged):
        jitter = self.p["register_jitter_kwh"]
        if self.open is None:
            self.start_register(t, offset, kwh)
            return
        if exchanged:
            self.held = None
            self.break_register(t, offset, kwh, EXCHANGED, t)
            return
        had_held = self.held is not None
        if (
            self.held
            and self.held[3]
            and kwh >= self.held[1] - jitter
            and self.plausible(self.held[0], self.held[1], t, kwh)
        ):
            self.confirm_held(t)
        quiet = self.p["doubt_kw"] * max(self.length, self.p["doubt_s"] * 1e6)
        use = kwh - self.base[1]
        fallen = self.jump["lost"] if self.jump else 0.0
        if not had_held and fallen >= 0.0 and -jitter <= use and use * HOUR <= quiet:
            self.segment(t, offset, kwh, HOLE, t)
            return
        believed = self.believable(t, kwh)
        doubted = not believed or self.doubtful(t, kwh)
        falls = kwh < self.base[1] - jitter
        rises = fallen < 0.0 and kwh - self.base[1] >= -fallen - jitter
        if (falls or rises) and self.came_back(t, kwh):
            self.undo(t, offset, kwh)
        elif believed:
            reason = HOLE
            if self.held:
                self.drop_held(t, kwh)
                reason = WRONG_READING
            if doubted:
                self.held = (t, kwh, offset, True)
            else:
                self.segment(t, offset, kwh, reason, t)
        elif not looks_like_code(kwh):
            if self.held:
                zeros = abs(kwh) <= jitter and abs(self.held[1]) <= jitter
                if zeros and t - self.held[0] < self.p["zero_register_s"] * 1e6:
                    return
                follows = self.plausible(self.held[0], self.held[1], t, kwh)
                self.believe_held(t)
                if follows:
                    self.segment(t, offset, kwh, HOLE, t)
                    return
            self.held = (t, kwh, offset, False)

    # --- samples

    def take(self, t, local, row):
        """Take one sample; row : dict of column name to float, NaN or absent = not measured."""
        t, local = float(t), float(local)
        get = lambda name: row[name] if known(row.get(name)) else None  # noqa: E731
        energy, register, quality = get("energy_kwh"), get("register_kwh"), get("quality")
        if self.last_t is None:
            self.offset = local - t
        self.last_t = t
        if get("meter_key") is not None:
            if self.key is not None and self.key != get("meter_key"):
                self.new_meter = True
            self.key = get("meter_key")
        if get("power_w") is not None:
            self.power = get("power_w")
        if get("register_export_kwh") is not None:
            if self.export is not None and get("register_export_kwh") > self.export:
                self.exporting = True
            self.export = get("register_export_kwh")
        if self.new_meter and self.source == "register" and self.new_meter is True:
            self.exporting = False
        step = get("interval_s")
        length = step * 1e6 if step and step > 0 else self.length or self.p["interval_s"] * 1e6
        if energy is not None and self.source != "register":
            self.source, self.length, self.new_meter = "energy", length, False
            self.take_energy(t, local, energy, 6 if quality is None else quality)
            self.offset = local - t
        elif register is not None and self.source != "energy" and (quality is None or quality > 1):
            self.source, self.length = "register", length
            exchanged, self.new_meter = self.new_meter, False
            self.take_register(t, local - t, register, exchanged)
            self.offset = local - t

    def finish(self):
        """Write the open piece of an interval and the open day."""
        if self.held and self.held[3] and self.spacings < 3:
            self.confirm_held(self.last_t)
        if self.open and self.base[0] > self.open["start"]:
            read = self.open["read"]
            o = self.open
            self.push(
                o["start"],
                self.base[0],
                o["local"],
                self.base[1] - o["kwh"],
                6 if read else 5,
                0 if read else 1,
                AS_READ if read else HOLE,
                self.last_t,
            )
            start = self.base[0]
            self.open = dict(start=start, local=start + self.offset, kwh=self.base[1], read=True)
        if self.today:
            self.close_day((self.today.number + 1) * DAY - self.today.end_local, self.last_t)


def consume(columns, t_us, local_us, starts, parameters, finish=False):
    """Rows of all meters: (intervals, days, anomalies), lists of dicts."""
    rows = ([], [], [])
    for device in range(len(starts) - 1):
        meter = Meter(device, parameters)
        for i in range(starts[device], starts[device + 1]):
            meter.take(t_us[i], local_us[i], {name: float(v[i]) for name, v in columns.items()})
        if finish:
            meter.finish()
        for total, part in zip(rows, (meter.intervals, meter.days, meter.anomalies), strict=True):
            total.extend(part)
    return rows


def base_load(energy_kwh, interval_s):
    """Base load of consecutive intervals, W, by the three methods the kernels' page names."""

    def block_means(hours):
        per = max(1, round(hours * 3600 / interval_s))
        means = []
        for i in range(0, len(energy_kwh) - per + 1, per):
            block = [float(v) for v in energy_kwh[i : i + per]]
            if all(known(v) for v in block):
                means.append(sum(block) / per * 3.6e6 / interval_s)
        return sorted(means)

    def low(values, share):
        return values[int(share * (len(values) - 1))]

    hourly, daily, half = (block_means(h) for h in (1, 24, 12))
    if len(daily) < 3 or len(half) < 6:
        return NAN
    hourly = [v for v in hourly if v > 0]
    if interval_s <= 7200 and len(hourly) >= 48 and low(hourly, 0.1) >= 0.5 * low(hourly, 0.25):
        return low(hourly, 0.1)
    if low(daily, 0.05) >= 0.7 * low(daily, 0.25):
        return low(daily, 0.25)
    return low(half, 0.03)
