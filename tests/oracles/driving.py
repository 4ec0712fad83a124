"""Slow, plain twin of `feature_kernels.driving`. Imports nothing of ours.

One object per device, one method per rule, None = not known, lists where the kernel has rings.
`drive_and_finish(columns, t_us, local_us, p)` takes one device's rows (columns: dict of lists,
NaN = not measured; p: anything with the thresholds as attributes) and returns (trips, events) as
lists of dicts with the fields of TRIP_DTYPE and EVENT_DTYPE. `score(trips)` takes such dicts.
"""

import math

EARTH_M = 6_371_008.8
SEC = 1e6
BRAKING, ACCELERATION, CORNERING, SPEEDING, CRASH = 1, 2, 3, 4, 5
NAN = float("nan")
SUMS = (
    *("distance_m", "driving_s", "idle_s", "night_s", "rush_s", "speeding_s"),
    *("speed_limited_s", "measured_s", "sample_count", "rejected_count"),
)


def metres_between(a, b):
    """Haversine of two (lat, lon) in degrees."""
    (lat1, lon1), (lat2, lon2) = a, b
    h = math.sin(math.radians(lat2 - lat1) / 2) ** 2
    both = math.cos(math.radians(lat1)) * math.cos(math.radians(lat2))
    h += both * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(h, 1.0)))


def p95(bins, width, exceeded=0.05):
    """Level exceeded for this share of the seconds per bin, linear within a bin."""
    total = sum(bins)
    if total <= 0:
        return NAN
    left = (1 - exceeded) * total
    for i, h in enumerate(bins):
        if h > 0 and left <= h:
            return (i + left / h) * width
        left -= h
    return len(bins) * width


def comfortable(v):
    """Eboli and others 2016, m/s² at km/h."""
    x = min(v, 149.5) / 100
    return 9.80665 * (0.198 * x**2 - 0.592 * x + 0.569)


def number(x):
    return NAN if x is None else x


class Ring:
    """The last `size` pairs, at least 0.2 s apart."""

    def __init__(self, size):
        self.size, self.pairs = size, []

    def push(self, t, v):
        if not self.pairs or t - self.pairs[-1][0] >= 0.2 * SEC:
            self.pairs = [*self.pairs, (t, v)][-self.size :]

    def older(self, t, age_s):
        for pair in reversed(self.pairs):
            if (t - pair[0]) / 1e6 >= age_s:
                return pair
        return None


class Channel:
    """One axis: the open pulse, and the last event."""

    def __init__(self, lateral):
        self.lateral, self.pulse, self.before = lateral, None, None


class Car:
    def __init__(self, p):
        self.p = p
        self.trips, self.events = [], []
        self.now = self.shift = None
        self.ignition = self.ignition_off = None
        self.limit = self.limit_t = None
        self.fix = self.fix_t = self.frozen_t = None
        self.jump = None  # (place, t, first t, count)
        self.motion_t, self.steps_s, self.gap = None, [], None  # the device's own rate
        self.by_speed, self.by_speed_more = 0.0, 0.0  # m by speed since the last fix, and slack
        self.leg = None  # the fix before the last, the leg between: place, t, m, m by speed
        self.places_only = 0.0  # m of the last segment that only its places gave
        self.zero = None  # where a measured 0 began: t, place, v, first m away, when
        self.zero_void = False
        self.kept, self.kept_is = None, False  # a value that stays: v, t, place
        self.doubt = None  # speeds that wait: first t, v, place, place's t; last t, v; n, changes
        self.climbed, self.entry = False, (None, 0)
        self.step_s = None
        self.chord = None  # t, place, the trip's distance then
        self.anchor = self.anchor_t = None
        self.speed = self.speed_t = self.speed_place = self.measured_t = None
        self.steps = (0, None, 0)  # sign, time, count
        self.speed_accel = None  # (t, a)
        self.turn_accel = None
        self.ring, self.headings = Ring(24), Ring(12)
        self.smooth = {False: None, True: None}  # lateral? -> (t, value)
        self.accel_t = self.accel_dt = self.vehicle_t = self.impulse_t = None
        self.trend = None  # (time, acceleration over ~2 s) that jerk is compared with
        self.pulse = None  # [(time, change of velocity so far m/s, acceleration)], last strong time
        self.gravity, self.gravity_s, self.frame_t = None, 0.0, None
        self.felt, self.felt_s = [0.0] * 3, 0.0
        self.changed_t, self.stairs = None, False
        self.cor_from = None  # (t, v) of the speed that `felt` runs from
        self.cor, self.e_speed, self.e_felt, self.evidence_s = [0.0] * 3, 0.0, 0.0, 0.0
        self.along, self.across = Channel(False), Channel(True)
        self.over = None
        self.suspect = None
        self.trip = None
        self.clock_t = None  # when the clock jumped
        self.path = None  # way by places since `start`: t, place, m; m by speed

    # -- helpers
    def recent(self, t, then, seconds):
        return then is not None and t - then <= seconds * SEC

    def place(self, t):
        return self.fix if self.recent(t, self.fix_t, 5) else None

    def known_limit(self, t):
        return self.limit if self.recent(t, self.limit_t, self.p.limit_stale_s) else None

    def emit(self, kind, start, end, severity, **more):
        event = dict.fromkeys(
            ("peak_mps2", "delta_v_kmh", "speed_kmh", "excess_kmh", "speed_limit_kmh"), NAN
        )
        where = more.pop("where")
        event.update(more)
        event.update(kind=kind, start_us=start, end_us=end, decided_us=self.now)
        event.update(severity=severity, duration_s=(end - start) / SEC)
        event["lat_deg"], event["lon_deg"] = where or (NAN, NAN)
        event["trip_start_us"] = self.trip["start_us"] if self.trip else -1
        self.events.append(event)
        if self.trip:
            if kind == CRASH:
                self.trip["crash"] += 1
            elif kind == SPEEDING:
                self.trip["speeding_count"] += 1
            else:
                name = ("harsh_braking", "harsh_acceleration", "harsh_cornering")[kind - 1]
                self.trip[name][severity - 1] += 1

    # -- harsh events
    def threshold(self, ch, sign, v):
        p = self.p
        least = p.acceleration_mps2 if sign > 0 else p.braking_mps2
        if ch.lateral:
            least = p.cornering_mps2
        if v is None:
            return least
        return min(least, max(p.speed_ratio * least, comfortable(v)))

    def close_pulse(self, ch):
        q, ch.pulse = ch.pulse, None
        if q is None:
            return
        p, least = self.p, self.threshold(ch, q["sign"], q["v"])
        duration = (q["last"] - q["start"]) / SEC
        lasted = duration >= p.min_event_s
        if q["measured"] and q["dt"] >= p.coarse_s:
            lasted = q["above"] >= p.min_event_s or q["agree"] >= p.agree_ratio * least
        elif q["measured"]:
            lasted = lasted and q["above"] >= p.above_s
        if not lasted or self.trip is None:
            return
        if q["fastest"] < p.event_kmh:
            return
        if not ch.lateral and q["measured"] and ch.before is not None:
            sign, end, peak = ch.before
            if sign == -q["sign"] and q["start"] - end <= p.rebound_s * SEC and q["peak"] < peak:
                return
        ratio = q["peak"] / least
        severity = 3 if ratio >= p.severity3_ratio else 2 if ratio >= p.severity2_ratio else 1
        if duration >= p.long_event_s:
            severity = min(severity + 1, 3)
        kind = CORNERING if ch.lateral else ACCELERATION if q["sign"] > 0 else BRAKING
        delta = NAN
        if q["v0"] is not None and q["v_last"] is not None:
            delta = q["v_last"] - q["v0"]
        self.emit(
            *(kind, q["start"], q["last"], severity),
            peak_mps2=q["sign"] * q["peak"],
            delta_v_kmh=delta,
            speed_kmh=number(q["v0"]),
            speed_limit_kmh=number(self.known_limit(q["start"])),
            where=q["where"],
        )
        ch.before = (q["sign"], q["last"], q["peak"])

    def feel(self, ch, t, a, since, dt, v0, measured, other):
        p = self.p
        if abs(a) > p.physical_mps2:
            return
        speed = self.speed if self.recent(t, self.speed_t, 5) else None
        rising, at = 0, v0 if measured else None
        if a >= self.threshold(ch, 1, at):
            rising = 1
        elif a <= -self.threshold(ch, -1, at):
            rising = -1
        q, suspected = ch.pulse, self.suspect is not None
        waiting = q is not None and q["waits"] and t - q["last"] >= p.merge_s * SEC
        if waiting and not suspected:
            self.close_pulse(ch)
            q = None
        if q is not None and not waiting:
            strength = a * q["sign"]
            if strength >= p.release_ratio * self.threshold(ch, q["sign"], q["v"]):
                q["last"], q["v_last"] = t, speed
                q["peak"] = max(q["peak"], strength)
            if measured and dt >= p.coarse_s:
                q["agree"] = max(q["agree"], strength)
            if rising == q["sign"]:
                q["above"] += dt
            q["agree"] = max(q["agree"], other * q["sign"])
            if speed is not None:
                q["fastest"] = max(q["fastest"], speed)
            over = rising == -q["sign"] or t - q["last"] >= p.merge_s * SEC
            if over and not (q["waits"] and suspected):
                self.close_pulse(ch)
        if ch.pulse is None and rising:
            ch.pulse = {
                "waits": suspected,
                "sign": rising,
                "start": since,
                "last": t,
                "peak": abs(a),
                "v0": v0,
                "v": at,  # decides its threshold
                "v_last": speed,
                "fastest": max(0.0, v0 or 0.0, speed or 0.0),
                "measured": measured,
                "agree": max(0.0, other * rising),
                "dt": dt,
                "above": 0.0,
                "where": self.fix,
            }

    # -- speeding
    def close_over(self):
        o, self.over = self.over, None
        if o is None or o["last"] - o["start"] < self.p.speeding_s * SEC or self.trip is None:
            return
        share = o["excess"] / o["limit"] if o["limit"] > 0 else 1.0
        self.emit(
            *(SPEEDING, o["start"], o["last"], 3 if share >= 0.5 else 2 if share >= 0.25 else 1),
            delta_v_kmh=self.speed - o["v0"],
            speed_kmh=o["v0"],
            excess_kmh=o["excess"],
            speed_limit_kmh=o["limit"],
            where=o["where"],
        )

    def compare_limit(self, t, v, step):
        p, limit = self.p, self.known_limit(t)
        if self.over is not None:
            line = None if limit is None else limit + p.tolerance_kmh - p.speeding_release_kmh
            if line is None or v <= line or step is None or step > p.bridge_s * SEC:
                self.close_over()
            else:
                self.over["last"] = t
                if v - limit > self.over["excess"]:
                    self.over.update(excess=v - limit, limit=limit)
        if self.over is None and limit is not None and v > limit + p.tolerance_kmh:
            self.over = {"start": t, "last": t, "excess": v - limit, "limit": limit, "v0": v}
            self.over["where"] = self.fix

    # -- crash
    def suspect_crash(self, t, peak, v0, impulse):
        self.suspect = {"t": t, "peak": peak, "v0": v0, "stand": None}
        self.suspect.update(impulse=impulse, felt=0.0, fall=0.0 if impulse else v0 - self.speed)
        self.suspect.update(where=self.fix, stand_place=None)

    def strong(self):
        s = self.suspect
        return s["felt"] >= self.p.crash_delta_v_kmh or s["fall"] >= self.p.crash_drop_kmh

    def integrate(self, t, felt, strong):
        """The change of velocity in a pulse of the accelerometer, by trapezoids."""
        p, pulse, self.pulse = self.p, self.pulse, None
        if pulse:
            last_t, last_v, last_felt = pulse["last"]
            dt, lasts = (t - last_t) / SEC, (t - pulse["t"]) / SEC
            v = [w + 0.5 * dt * (a + b) for w, a, b in zip(last_v, last_felt, felt, strict=True)]
            late = lasts > p.crash_window_s and 3.6 * math.hypot(*v) < p.crash_delta_v_kmh
            faded = not strong and last_t - pulse["strong"] > 0.03 * SEC
            if not (dt > p.crash_dense_s or late or lasts > p.crash_pulse_s or faded):
                self.pulse = {**pulse, "last": (t, v, felt)}
        if strong and self.pulse is None:
            dense = self.accel_dt is not None and self.accel_dt <= p.crash_dense_s
            half = 0.5 * self.accel_dt if dense else 0.0
            self.pulse = {"t": t, "last": (t, [half * a for a in felt], felt)}
        if strong:
            self.pulse["strong"] = t

    def note_pulse(self, t):
        s, pulse = self.suspect, self.pulse
        if s is None or pulse is None or t - s["t"] > 3 * SEC:
            return
        if pulse["strong"] - pulse["t"] >= self.p.crash_least_s * SEC:
            s["felt"] = max(s["felt"], 3.6 * math.hypot(*pulse["last"][1]))

    def note_fall(self, t, v):
        """The most that the speed fell by faster than tyres brake."""
        for then, before in reversed(self.ring.pairs):
            dt = (t - then) / SEC
            if dt > self.p.collapse_s:
                break
            if before - v >= 3.6 * self.p.crash_fall_mps2 * dt:
                self.suspect["fall"] = max(self.suspect["fall"], before - v)

    def shake(self, t, felt, size):
        p = self.p
        self.integrate(t, felt, size >= 0.5 * p.crash_low_mps2)
        self.note_pulse(t)
        s = self.suspect
        if size >= 0.5 * p.crash_low_mps2:
            self.impulse_t = t
        if size < p.crash_low_mps2:
            return
        if s is not None and (t - s["t"] <= 3 * SEC or self.strong()):
            if not s["impulse"]:
                s.update(impulse=True, peak=size)
            elif t - s["t"] <= 3 * SEC:
                s["peak"] = max(s["peak"], size)
        elif self.recent(t, self.speed_t, 5) and self.trip is not None:
            before = [v for then, v in self.ring.pairs if then >= t - 4 * SEC]
            v0 = max([0.0, self.speed, *before])
            late = [v for then, v in self.ring.pairs if then >= t - 2 * SEC]
            if max([self.speed, *late]) >= p.crash_speed_kmh:
                self.suspect_crash(t, size, v0, True)
                self.note_pulse(t)
                self.note_fall(self.speed_t, self.speed)

    def confirm(self):
        p, s = self.p, self.suspect
        change = s["felt"] if s["felt"] >= p.crash_delta_v_kmh else s["fall"]
        severity = 1
        if change >= 2 * p.crash_drop_kmh:
            severity = 3
        elif change >= 1.25 * p.crash_drop_kmh:
            severity = 2
        self.emit(
            *(CRASH, s["t"], max(s["t"], s["stand"]), severity),
            peak_mps2=s["peak"] if s["impulse"] else -s["peak"],
            delta_v_kmh=-change,
            speed_kmh=s["v0"],
            speed_limit_kmh=number(self.known_limit(s["t"])),
            where=s["where"],
        )
        self.suspect = None
        for channel in (self.along, self.across):
            if channel.pulse and channel.pulse["waits"]:
                channel.pulse = None

    def resolve(self):
        if self.suspect and self.suspect["stand"] is not None and self.strong():
            self.confirm()
        self.suspect = None

    def judge_crash(self, t, v, measured):
        p = self.p
        believable = measured and self.trip and self.trip["confirmed"] and self.climbed
        if self.suspect is None and believable:
            felt = self.recent(t, self.impulse_t, 3)
            silent = self.recent(t, self.accel_t, 2) and (self.accel_dt or 1) <= 0.06
            for then, before in reversed(self.ring.pairs):
                dt = (t - then) / 1e6
                if dt > p.collapse_s or (silent and not felt):
                    break
                drop = before - v
                if drop >= p.collapse_kmh and drop >= 3.6 * p.collapse_mps2 * dt > 0:
                    self.suspect_crash(then, drop / (3.6 * dt), before, False)
                    break
        s = self.suspect
        if s is None:
            return
        age = t - s["t"]
        if measured and age <= 4 * SEC:
            self.note_fall(t, v)
        if v >= p.move_kmh:
            s["stand"] = None
        elif s["stand"] is None:
            s["stand"], s["stand_place"] = t, self.place(t)
        stands, here = s["stand"] is not None, self.place(t)
        rolls_on = not stands and age > p.crash_settle_s * SEC
        weak = age >= 4 * SEC and (not self.strong() or v > 0.8 * s["v0"])
        towed = stands and here and s["stand_place"]
        towed = towed and metres_between(s["stand_place"], here) > p.drift_m
        if rolls_on or weak or towed:
            self.suspect = None
            return
        need = p.crash_stand_s if s["impulse"] else p.crash_stand_collapse_s
        if stands and self.strong() and t - s["stand"] >= need * SEC:
            self.confirm()

    # -- trips
    def close_trip(self, reason):
        self.close_pulse(self.along)
        self.close_pulse(self.across)
        self.close_over()
        trip, self.trip = self.trip, None
        if trip is None or not trip["confirmed"]:
            return
        stand = trip["stand"]
        self.driven = trip["driving_s"]
        if stand:
            trip.update(stand["sums"])
        end = stand["t"] if stand else self.speed_t
        place = stand["place"] if stand else self.speed_place
        harsh = ("harsh_braking", "harsh_acceleration", "harsh_cornering")
        lasted = end - trip["start_us"] >= self.p.min_duration_s * SEC
        something = lasted or trip["distance_m"] >= self.p.brief_m
        something = something or any(sum(trip[name]) for name in harsh)
        if not trip["crash"] and (trip["distance_m"] < self.p.min_distance_m or not something):
            return
        trip["end_us"], trip["decided_us"], trip["end_reason"] = end, self.now, reason
        trip["start_lat_deg"], trip["start_lon_deg"] = trip["place"] or (NAN, NAN)
        trip["end_lat_deg"], trip["end_lon_deg"] = place or (NAN, NAN)
        trip["accel_p95_mps2"] = p95(trip["accel_hist_s"], 0.2)
        trip["speed_p95_kmh"] = p95(trip["speed_hist_s"], 10.0)
        half, how, flags = trip["driving_s"] / 2, trip["how"], 0
        if stand:
            half = self.driven / 2
        if how["jumps"] >= 3:
            flags += 16
        apart = how["apart"] >= self.p.apart_share * how["compared"]
        apart = apart and how["apart"] >= self.p.apart_s
        if math.fsum(lasted for lasted, _, _ in how["minutes"]) >= self.p.apart_s:
            said = math.fsum(said for _, said, _ in how["minutes"])
            apart |= math.fsum(m for _, _, m in how["minutes"]) > self.p.scale_ratio * said
        if self.at_other_times(how["legs"]):
            flags += 256
        elif apart:
            flags += 32
        if self.clock_t is not None and self.clock_t >= trip["start_us"] - 60 * SEC:
            flags += 64
        if half > 0:
            flags += 1 if how["coarse"] >= half else 0
            flags += 2 if how["seen"] < half else 0
            flags += 4 if how["derived"] >= half else 0
            flags += 8 if how["placed"] == 0 else 0
        trip["quality"] = flags
        trip["longitudinal_s"], trip["lateral_s"] = how["seen"], how["across"]
        for key in ("stand", "place", "confirmed", "how"):
            del trip[key]
        self.trips.append(trip)

    def at_other_times(self, legs):
        """Speeds by places and by speed: do they vary, but not together?"""
        n, p = len(legs), self.p
        apart = sum(abs(a - b) > p.varies_kmh for a, b in legs)
        if n < p.least_legs or apart < p.apart_share * n:
            return False
        mean = [math.fsum(leg[k] for leg in legs) / n for k in (0, 1)]
        of = [(a - mean[0], b - mean[1]) for a, b in legs]
        places, speeds = (math.fsum(x[k] ** 2 for x in of) / n for k in (0, 1))
        if min(places, speeds) < p.varies_kmh**2:
            return False
        return math.fsum(a * b for a, b in of) / n < p.together * math.sqrt(places * speeds)

    def begin(self, t, place):
        zero = dict.fromkeys(SUMS, 0.0)
        self.trip = {"start_us": t, "place": place, "confirmed": False, "stand": None, **zero}
        self.trip.update(max_speed_kmh=0.0, speeding_count=0, crash=0, sample_count=1)
        for kind in ("braking", "acceleration", "cornering"):
            self.trip[f"harsh_{kind}"] = [0, 0, 0]
        self.trip.update(accel_hist_s=[0.0] * 25, speed_hist_s=[0.0] * 20)
        self.trip["ratio_hist_s"] = [0.0] * 16
        self.trip.update(use_hist_s=[0.0] * 40, jerk_hist_s=[0.0] * 30, phone_s=NAN)
        self.trip.update(along_hist_s=[0.0] * 40, sparse_hist_s=[0.0] * 25, course_m=[0.0] * 32)
        self.trip["how"] = dict.fromkeys(("derived", "coarse", "seen", "across", "placed"), 0.0)
        self.trip["how"].update(jumps=0, compared=0.0, apart=0.0, minutes=[], legs=[])
        self.places_only, self.chord, self.path = 0.0, None, None

    def stand(self, t, place):
        sums = {name: self.trip[name] for name in SUMS}
        self.trip["stand"] = {"t": t, "place": place, "metres": 0.0, "sums": sums}

    def check_end(self, t):
        p = self.p
        if self.speed_t is not None and t - self.speed_t > self.gap:
            self.resolve()
            self.close_trip(3)
            self.speed_t = None
        trip = self.trip
        if trip is None:
            return
        off = self.ignition_off is not None
        if trip["stand"]:
            since = trip["stand"]["t"]
            if not trip["confirmed"] and self.speed_t - since >= p.candidate_s * SEC:
                self.trip = None
            elif t - since >= p.stop_s * SEC:
                self.close_trip(1)
            elif off and self.suspect is None and self.off_for(t, since):
                self.close_trip(2)
        elif not trip["confirmed"] and self.speed_t - trip["start_us"] > 2 * p.candidate_s * SEC:
            self.trip = None
        elif off and self.off_for(t, self.speed_t):
            self.close_trip(2)

    def off_for(self, t, since):
        return t - max(since, self.ignition_off) >= self.p.ignition_off_s * SEC

    def add(self, t, v, metres, seconds, moving, measured):
        trip = self.trip
        trip["distance_m"] += metres
        minute = int((t - trip["start_us"]) / (60 * SEC))
        if minute < 32:
            trip["course_m"][minute] += metres
        if measured:
            trip["measured_s"] += seconds
        if not moving:
            trip["idle_s"] += seconds
            return
        trip["driving_s"] += seconds
        hours = (t + self.shift) / 3.6e9
        hour, weekday = hours % 24, (int(hours // 24) + 3) % 7
        if hour >= self.p.night_from_h or hour < self.p.night_to_h:
            trip["night_s"] += seconds
        if weekday < 5 and (7 <= hour < 9 or 16 <= hour < 19):
            trip["rush_s"] += seconds
        if not measured:
            return
        trip["speed_hist_s"][min(int(v / 10), 19)] += seconds
        limit = self.known_limit(t)
        if limit is not None and limit > 0:
            trip["speed_limited_s"] += seconds
            trip["ratio_hist_s"][int(min(v / limit / 0.1, 15.0))] += seconds
            if v > limit + self.p.tolerance_kmh:
                trip["speeding_s"] += seconds

    def advance(self, t, v, since):
        """since: None for a measured speed, else v is the mean over (since, t]."""
        p, here, moves = self.p, self.place(t), v >= self.p.move_kmh
        if self.trip is None:
            if not moves:
                return
            if since is not None:
                self.speed_t = since = max(since, self.speed_t or since)
            self.begin(t if since is None else since, here if since is None else self.anchor)
            if since is None:
                self.trip["max_speed_kmh"] = v
                return
        trip, seconds, metres, measured, moving = self.trip, 0.0, 0.0, True, moves
        self.places_only = 0.0
        if since is not None:
            gap = (since - self.speed_t) / SEC
            if gap > 0 and t - self.speed_t <= self.gap:
                self.add(since, v, (self.speed + v) / 2 / 3.6 * gap, gap, moves, False)
            since = max(since, self.speed_t)
            seconds = (t - since) / SEC
            metres = v / 3.6 * seconds if moves else 0.0
            if not moves and trip["stand"] is None:
                self.stand(since, self.anchor)
        elif self.speed_t is not None and t - self.speed_t <= self.gap:
            seconds = (t - self.speed_t) / SEC
            metres = straight = (self.speed + v) / 2 / 3.6 * seconds
            bridged, coarse = seconds > p.bridge_s, seconds > p.coarse_step_s
            if (bridged or coarse) and here and self.speed_place:
                chord = metres_between(self.speed_place, here)
                metres = chord if bridged else max(straight, chord - p.chord_slack_m)
                self.places_only = metres - straight
                measured = seconds <= p.gap_s
            elif bridged:
                measured = False
            moving = moves or self.speed >= p.move_kmh
        self.add(t, v, metres, seconds, moving, measured)
        self.compare_path(t, v, seconds, since is not None)
        self.note(t, seconds, since is not None, here, moving)
        trip["max_speed_kmh"] = max(trip["max_speed_kmh"], v)
        if not moves and trip["stand"] is None:
            self.stand(t, here)
        stand = trip["stand"]
        if stand:
            if v >= 0.4 * p.move_kmh and t > stand["t"]:
                stand["metres"] += metres
            away = 0.0
            if here and stand["place"]:
                away = metres_between(stand["place"], here)
                if not moves and away <= p.drift_m:
                    stand["metres"] = 0.0
            left = stand["metres"] > 0.4 * p.drift_m or v >= 2 * p.move_kmh
            if away > p.drift_m or left:
                trip["stand"] = None
                if not moves:
                    self.stand(t, here)
        if not trip["confirmed"] and trip["distance_m"] >= p.drift_m and moves:
            away = metres_between(trip["place"], here) if here and trip["place"] else p.drift_m
            trip["confirmed"] = away >= p.drift_m

    def compare_path(self, t, v, seconds, derived):
        """The way by speed against that of the places, each minute of driving on."""
        p, how = self.p, self.trip["how"]
        if derived or v < p.move_kmh or seconds > p.coarse_step_s:
            self.path = None
            return
        w, leg_us, fresh = self.path, p.coarse_step_s * SEC, None
        if self.fix_t is not None:
            fresh = v / 3.6 * (t - self.fix_t) / SEC
        if w is not None:
            w["said"] += (self.speed + v) / 2 / 3.6 * seconds
            if leg_us <= self.fix_t - w["t"] <= 2 * leg_us:
                metres = metres_between(w["place"], self.fix)
                said, leg_s = w["said"] - fresh, (self.fix_t - w["t"]) / SEC
                if 3.6 * metres / leg_s <= p.jump_kmh and seconds <= p.leg_step_s:
                    how["legs"].append((3.6 * metres / leg_s, 3.6 * (said - w["by_then"]) / leg_s))
                w["by_then"] = said
                w["m"] += metres
                w.update(t=self.fix_t, place=self.fix)
                lasted = (self.fix_t - w["start"]) / SEC
                if lasted < p.chord_s:
                    return
                slack = 2 * p.chord_slack_m
                how["compared"] += lasted
                if w["m"] > p.apart_ratio * said + slack or said > p.apart_ratio * w["m"] + slack:
                    how["apart"] += lasted
                if w["m"] >= p.scale_kmh / 3.6 * lasted:
                    how["minutes"].append((lasted, said, min(w["m"], p.apart_ratio * said + slack)))
                self.path = {"start": self.fix_t, "t": self.fix_t, "place": self.fix, "m": 0.0}
                self.path.update(said=fresh, by_then=fresh)
                return
            elif self.fix_t - w["t"] <= 2 * leg_us and t - w["t"] <= 3 * leg_us:
                return
        self.path = None
        if self.fix_t is not None and t - self.fix_t <= leg_us:
            self.path = {"start": self.fix_t, "t": self.fix_t, "place": self.fix, "m": 0.0}
            self.path.update(said=fresh, by_then=fresh)

    def note_clock(self, t, speed, fix):
        """After a silence the car drives on as if there was none."""
        p = self.p
        if self.speed_t is None or t - self.speed_t <= self.gap or fix is None:
            return
        fast = speed is not None and min(speed, self.speed) >= p.clock_kmh
        if not fast or abs(speed - self.speed) > p.spike_slack_kmh or self.speed_place is None:
            return
        if len(self.steps_s) < 2 or self.steps_s[0] > p.coarse_step_s * SEC:
            return
        reach = p.jump_slack_m
        reach += p.outlier_ratio * max(speed, self.speed) / 3.6 * self.steps_s[0] / SEC
        if metres_between(self.speed_place, fix) <= reach:
            self.clock_t = t

    def note_jump(self, t, here, weight):
        p = self.p
        if self.trip is None or self.trip["how"]["placed"] < p.bridge_s:
            return
        reach = p.teleport_m + p.jump_kmh / 3.6 * (t - self.fix_t) / SEC
        if metres_between(self.fix, here) > reach:
            self.trip["how"]["jumps"] += weight

    def note(self, t, seconds, derived, here, moving):
        """How the last segment is known, and whether the places say more than the speeds."""
        p, trip = self.p, self.trip
        if moving:
            dense = not derived and seconds <= p.window_max_s
            for name, applies in (
                ("derived", derived),
                ("coarse", seconds > p.bridge_s),
                ("seen", dense or self.recent(t, self.accel_t, 2)),
                ("placed", here),
                (
                    "across",
                    self.recent(t, self.smooth[True] and self.smooth[True][0], 2)
                    or self.recent(t, self.turn_accel and self.turn_accel[0], p.window_max_s),
                ),
            ):
                trip["how"][name] += seconds if applies else 0.0
        if self.fix_t != t or derived:
            return
        if self.chord is not None and t - self.chord[0] < p.chord_s * SEC:
            return
        if self.chord is not None:
            chord = metres_between(self.chord[1], self.fix)
            metres = trip["distance_m"] - self.chord[2]
            if chord > p.chord_ratio * metres + 2 * p.chord_slack_m:
                trip["distance_m"] += chord - metres
        self.chord = t, self.fix, trip["distance_m"]

    # -- speed
    def accept(self, t, v, since=None):
        last, last_t = self.speed, self.speed_t
        step = None if last_t is None else t - last_t
        fresh = self.value_after(t, v, step) if since is None else 0
        from_t = max((x for x in (last_t, self.fix_t) if x is not None), default=None)
        if step is not None and step <= self.gap and self.fix_t is not None and t > from_t:
            part = (t - from_t) / SEC
            self.by_speed += (last + v) / 2 / 3.6 * part
            self.by_speed_more += self.p.reach_mps2 * part**2 / 4
        self.advance(t, v, since)
        if since is None:
            self.step_s = None if step is None else step / SEC
            sign, then, count = self.steps
            if step is None or step > 1.25 * SEC:
                self.steps = (sign, then, 0)
            elif v != last:
                up = 1 if v > last else -1
                run = up == sign and self.recent(t, then, 1.25)
                self.steps = (up, t, count + 1 if run else 1)
            self.correlate(t, v)
        self.speed, self.speed_t, self.speed_place = v, t, self.place(t)
        if since is None and self.place(t):
            self.anchor, self.anchor_t = self.fix, self.fix_t
        self.compare_limit(t, v, step)
        self.judge_crash(t, v, since is None)
        if since is None and fresh != 0:
            self.accelerate(t, v, fresh)
            late = self.ring.pairs and t - self.ring.pairs[-1][0] < 0.2 * SEC
            if self.stairs and late and fresh is not None and fresh >= 0.2:
                self.ring.pairs.pop()
            self.ring.push(t, v)

    def value_after(self, t, v, step):
        """Seconds since the value before, None = not known; 0 = a held value, said again."""
        p, seconds = self.p, None if step is None else step / SEC
        if seconds is None or seconds >= p.dense_s:
            if v != self.speed:
                self.changed_t = t
            return seconds
        if v == self.speed:
            return 0 if self.stairs else seconds
        change = abs(v - self.speed)
        if self.changed_t is not None and self.changed_t == self.speed_t:
            self.stairs = False
        elif change >= p.stairs_kmh and change > 3.6 * p.spike_mps2 * seconds:
            self.stairs = True
        before, self.changed_t = self.changed_t, t
        if not self.stairs:
            return seconds
        return None if before is None else (t - before) / SEC

    def note_sparse(self, t, v):
        """Sparse speeds: the mean acceleration between two, as large as it is over 2 s."""
        p, old = self.p, self.ring.older(t, self.p.trend_s)
        if not old or not self.trip:
            return
        seconds, middle = (t - old[0]) / 1e6, (old[1] + v) / 2
        if seconds > p.sparse_s or middle < p.move_kmh:
            return

        def kept(x):
            return 2 / x * (1 - (1 - math.exp(-x)) / x)

        lost = kept(p.trend_s / p.sparse_keeps_s) / kept(seconds / p.sparse_keeps_s)
        a = abs(v - old[1]) / 3.6 / seconds * math.sqrt(lost)
        self.trip["sparse_hist_s"][min(int(a / 0.2), 24)] += seconds
        self.trip["along_hist_s"][min(int(a / comfortable(middle) / 0.05), 39)] += seconds

    def accelerate(self, t, v, dt):
        p = self.p
        if dt is not None and dt > p.window_max_s:
            self.note_sparse(t, v)
        if dt is None or dt > p.window_max_s:
            return
        old = self.ring.older(t, p.trend_s)
        if old and self.trip and v >= p.move_kmh:
            span = (t - old[0]) / 1e6
            if span <= p.trend_s + p.window_max_s:
                a = (v - old[1]) / 3.6 / span
                self.trip["accel_hist_s"][min(int(abs(a) / 0.2), 24)] += dt
                self.note_use(t, v, a, dt)
        old = self.ring.older(t, p.window_s)
        if not old or (t - old[0]) / 1e6 > p.window_max_s:
            return
        a = (v - old[1]) / 3.6 / ((t - old[0]) / 1e6)
        self.speed_accel = (t, a)
        if self.smooth[False] and self.recent(t, self.smooth[False][0], 2):
            return
        if dt < p.held_s and (self.steps[2] < 2 or self.steps[0] * a < 0):
            a = 0.0
        self.feel(self.along, t, a, old[0], dt, old[1], False, 0.0)

    def note_use(self, t, v, along, dt):
        """Acceleration as a share of what is comfortable at the speed; jerk."""
        p, trip, across = self.p, self.trip, 0.0
        for source in (self.smooth[True], self.turn_accel):
            if source and self.recent(t, source[0], 2):
                across = source[1]
                break
        hundreds = min(v, 149.5) / 100.0
        most = 9.80665 * (0.198 * hundreds * hundreds - 0.592 * hundreds + 0.569)
        share = math.sqrt(along * along + across * across) / most
        trip["use_hist_s"][min(int(share / 0.05), 39)] += dt
        trip["along_hist_s"][min(int(abs(along) / most / 0.05), 39)] += dt
        since = None if self.trend is None else (t - self.trend[0]) / 1e6
        if since is None or since >= p.jerk_s:
            if since is not None and since <= p.jerk_s + p.window_max_s:
                jerk = abs(along - self.trend[1]) / since
                trip["jerk_hist_s"][min(int(jerk / 0.1), 29)] += since
            self.trend = (t, along)

    def credible(self, step, dt):
        p = self.p
        most = p.spike_mps2 * min(dt, 1.0) + p.spike_late_mps2 * max(dt - 1.0, 0.0)
        return abs(step) <= p.spike_slack_kmh + 3.6 * most

    def fits(self, a, b, by_speed):
        """Do two places lie as far apart as a speed says?"""
        metres = metres_between(a, b)
        if metres < self.p.derive_m or metres < 0.5 * by_speed:
            return False
        return metres <= self.p.outlier_ratio * by_speed + self.p.jump_slack_m

    def believable(self, t, v):
        """Is v a speed that the last one and the time since explain? Also the last one."""
        p, base = self.p, 0.0
        age = math.inf if self.speed_t is None else t - self.speed_t
        if age <= self.gap:
            base = self.speed
        silence = max(10 * SEC, p.silence_steps * (self.step_s or 0) * SEC)
        spoke = self.measured_t is not None and t - self.measured_t <= silence
        if spoke and age <= silence:
            return self.credible(v - base, age / SEC), base
        if v <= p.spike_slack_kmh or abs(v - base) <= p.spike_slack_kmh:
            return True, base
        if self.place(t) is None or self.speed_place is None or age > self.gap:
            return False, base
        by_speed = (base + v) / 2 / 3.6 * age / SEC
        return self.fits(self.speed_place, self.fix, by_speed), base

    def evidence(self, t, v, changes):
        """For a level that nobody saw it climb to: "seen", "lively" or None."""
        p, d = self.p, self.doubt
        waited = (t - d["t"]) / SEC
        placed = d["place_t"] is not None and self.place(t) is not None
        by_speed = (d["v"] + v) / 2 / 3.6 * waited
        if placed and self.fits(d["place"], self.fix, by_speed):
            return "seen"
        if changes >= p.doubt_changes and waited >= p.doubt_lively_s:
            return "lively"
        if placed:
            return None
        rare = (t - d["last_t"]) / SEC > p.coarse_step_s and v >= p.move_kmh
        if waited >= p.doubt_s or (rare and abs(v - d["last"]) <= p.sparse_change_kmh):
            return "lively"
        return None

    def take_speed(self, t, v):
        p = self.p
        if v > p.jump_kmh:
            self.reject()
            return
        believable, base = self.believable(t, v)
        d, evidence, was_climbed = self.doubt, None, self.climbed
        if d:
            lower = d["last"] < base
            agrees = self.speed_t is None or d["last_t"] > self.speed_t
            agrees = agrees and t - d["last_t"] <= self.gap
            seconds = min((t - d["last_t"]) / SEC, p.coarse_step_s)
            agrees = agrees and self.credible(v - d["last"], seconds)
            if believable and (lower or abs(v - d["last"]) >= abs(v - base)):
                agrees = False
            if not lower and v < p.move_kmh and d["last"] - v > p.spike_slack_kmh:
                agrees = False
            if not agrees:
                self.reject(d["n"])
                self.doubt = d = None
            else:
                changes = d["changes"] + (v != d["last"])
                if lower:
                    evidence = "seen" if was_climbed else "lively"
                else:
                    evidence = self.evidence(t, v, changes)
                if evidence is None:
                    d.update(last=v, last_t=t, n=d["n"] + 1, changes=changes)
                    return
                if not lower:
                    self.ring.pairs = []
                elif not was_climbed:
                    self.forget_entry()
        if d is None and not believable:
            place, then = self.fix, self.fix_t if self.place(t) else None
            self.doubt = {"t": t, "v": v, "last": v, "last_t": t, "n": 1, "changes": 0}
            self.doubt.update(place=place, place_t=then)
            return
        began, changes = self.entry
        if d is None and not was_climbed and v != self.speed:
            self.entry = began, changes + 1
        self.doubt = None
        if d:
            now = self.fix, self.fix_t, self.by_speed, self.by_speed_more
            self.fix, self.fix_t = d["place"], d["place_t"]
            self.accept(d["t"], d["v"])
            self.fix, self.fix_t, self.by_speed, self.by_speed_more = now
        self.accept(t, v)
        self.measured_t = t
        began, changes = self.entry
        lived = began is not None and t - began >= p.climbed_s * SEC
        if evidence == "lively":
            self.climbed, self.entry = False, (d["t"], 0)
        elif evidence == "seen" or v <= p.spike_slack_kmh:
            self.climbed = True
        else:
            self.climbed = self.climbed or (lived and changes >= p.climbed_changes)

    def forget_entry(self):
        """A level without a way up fell again: neither a trip nor what a crash would need."""
        self.ring.pairs = []
        began = self.entry[0]
        if self.trip and began is not None and self.trip["start_us"] >= began:
            self.trip = self.over = self.along.pulse = self.across.pulse = None
            self.speed_t = None

    def reject(self, n=1):
        if self.trip:
            self.trip["rejected_count"] += n

    # -- speed against place
    def note_rate(self, t, speed, fix):
        p, motion = self.p, speed is not None or fix is not None
        self.gap = p.gap_s * SEC
        step = None if self.motion_t is None else t - self.motion_t
        seldom = bool(self.steps_s) and p.gap_steps * self.steps_s[-1] > self.gap
        if step is not None and (step > self.gap or seldom):
            limit = p.sparse_gap_s * SEC
            if self.steps_s:
                limit = min(limit, p.gap_steps * max(self.steps_s))
            elif not motion:
                limit = 0
            on = True
            if fix is not None and self.fix is not None:
                on = metres_between(self.fix, fix) >= p.sparse_kmh / 3.6 * step / SEC
            elif motion:
                last = self.doubt["last"] if self.doubt else self.speed
                on = (speed or 0) >= p.move_kmh and (last or 0) >= p.move_kmh
            if self.gap < limit and step <= limit and on:
                self.gap = limit
                stands = self.trip["stand"] if self.trip else None
                if fix is not None and stands and stands["t"] == self.speed_t:
                    self.trip["stand"] = None
        if motion:
            self.steps_s = [*self.steps_s, step][-2:] if step is not None else []
            self.motion_t = t

    def judge(self, t, v, accuracy):
        """What becomes of a measured speed: "take", "hold" or "derive" (it is no measurement)."""
        p = self.p
        if v == 0:
            if self.kept_is:  # it stood while its last speed was said again
                self.speed, self.speed_place = 0.0, None
                if self.trip and self.trip["stand"] is None:
                    self.stand(self.speed_t, self.fix)
            self.kept, self.kept_is = None, False
            return self.judge_zero(t, accuracy)
        self.zero, self.zero_void = None, False
        if not p.frozen_kmh <= v <= p.jump_kmh:
            self.kept, self.kept_is = (self.kept and (self.kept[0], None, None)), False
            return "take"
        frozen = self.frozen_t is not None
        fresh = frozen or self.place(t) is not None
        if self.kept and self.kept[0] == v and self.kept[1] is not None:
            _, since, place = self.kept
            if not fresh:
                return "derive" if self.kept_is else "take"
            if metres_between(place, self.fix) <= p.still_m:
                seconds = (t - since) / SEC
                if seconds >= p.kept_s and v / 3.6 * seconds > p.kept_m:
                    self.kept_is = True
                if self.kept_is and not frozen:
                    self.reject()
                return "derive" if self.kept_is else "take"
        self.kept, self.kept_is = (v, t if fresh else None, self.fix), False
        return "take"

    def judge_zero(self, t, accuracy):
        p = self.p
        here = self.place(t)
        if here is None or self.zero_void:
            return "derive" if self.zero_void else "take"
        z = self.zero
        if z is None or t - z["t"] > p.sparse_gap_s * SEC:
            z = {"t": t, "place": here, "v": 0.0, "away": None, "seen": None}
            if self.speed_t is not None and t - self.speed_t <= self.gap and self.speed_place:
                z.update(t=self.speed_t, place=self.speed_place, v=self.speed)
            self.zero = z
        slack = 2 * accuracy if 2 * accuracy > p.drift_m else p.drift_m
        seconds, metres = (t - z["t"]) / SEC, metres_between(z["place"], here)
        moved = metres > slack + 1.1 * z["v"] / 3.6 * seconds
        if moved and metres >= 2 * p.move_kmh / 3.6 * seconds:
            if z["away"] is None:
                z.update(away=metres, seen=t)
                if self.trip and self.steps_s and self.steps_s[-1] > p.coarse_step_s * SEC:
                    self.trip["stand"] = None
                return "hold"
            if metres >= z["away"] + slack / 2:
                self.zero_void = True
                return "derive"
            if t - z["seen"] < p.derive_stand_s * SEC:
                return "hold"
        if z["away"] is not None:
            self.reject()
        if z["away"] is not None or z["v"] > 0 or seconds >= p.derive_stand_s:
            self.zero = {"t": t, "place": here, "v": 0.0, "away": None, "seen": None}
        return "take"

    def explained(self, t, v):
        """Metres by speed since the last fix; None = no speed says."""
        if t - self.fix_t <= self.p.coarse_step_s * SEC or self.zero_void or self.kept_is:
            return None
        if self.speed_t is None or self.speed_t < self.fix_t - 5 * SEC:
            return None
        rest = (t - max(self.speed_t, self.fix_t)) / SEC
        return self.by_speed + (self.speed + (self.speed if v is None else v)) / 2 / 3.6 * rest

    def reach(self, t, v, by_speed):
        p, dt = self.p, (t - self.fix_t) / SEC
        reach = p.jump_kmh / 3.6 * dt
        fastest = max(x for x in (self.speed, v, -1.0) if x is not None)
        if dt <= p.coarse_step_s:
            if self.recent(t, self.measured_t, 5) and not self.zero_void:
                reach = min(reach, (2 * fastest / 3.6 + 10) * dt)
        elif by_speed is not None and fastest >= p.move_kmh:
            rest = (t - max(self.speed_t, self.fix_t)) / SEC
            more = self.by_speed_more + p.reach_mps2 * rest**2 * (0.5 if v is None else 0.25)
            reach = min(reach, p.outlier_ratio * by_speed + more)
        return reach + p.jump_slack_m

    def stays_off(self, t, v, here, by_speed):
        """Does a fix go on from the doubted place, and not from the last one taken?"""
        p, (place, then, _, _) = self.p, self.jump
        if by_speed is None or v is None or t - then > self.gap:
            return False
        since = (self.speed + v) / 2 / 3.6 * (t - then) / SEC
        if metres_between(place, here) > p.outlier_ratio * since + p.jump_slack_m:
            return False
        return metres_between(self.fix, here) > p.outlier_ratio * by_speed + p.jump_slack_m

    def off_the_way(self, t, v, here, by_speed):
        """Was the last fix far off, there and back, with speeds that do not match?"""
        p, leg = self.p, self.leg
        if leg is None or by_speed is None or leg["by_speed"] is None:
            return False
        if (v or 0) < p.move_kmh or self.speed < p.move_kmh or t - leg["t"] > 2 * self.gap:
            return False
        back = metres_between(self.fix, here)
        for metres, said, us in (
            (leg["m"], leg["by_speed"], self.fix_t - leg["t"]),
            (back, by_speed, t - self.fix_t),
        ):
            if metres <= p.outlier_ratio * said + p.jump_slack_m:
                return False
            if metres < p.outlier_kmh / 3.6 * us / SEC:
                return False
        across = metres_between(leg["place"], here)
        said = leg["by_speed"] + by_speed
        as_said = 0.8 * said - p.jump_slack_m <= across <= 1.2 * said + p.jump_slack_m
        if not as_said and across >= min(leg["m"], back):
            return False
        self.reject()
        if self.trip and self.trip["stand"] is None:
            self.trip["distance_m"] -= self.places_only
        self.places_only, self.speed_place, self.chord = 0.0, None, None
        leg.update(m=across, by_speed=leg["by_speed"] + by_speed)
        return True

    # -- places
    def take_fix(self, t, lat, lon, accuracy, v):
        """v: the speed of the same row. Returns None, "taken" or "anew"."""
        p = self.p
        if accuracy > p.accuracy_limit_m or (abs(lat) < 1e-6 and abs(lon) < 1e-6):
            return self.reject()
        measured, here = self.recent(t, self.measured_t, 5), (lat, lon)
        if here == self.fix and (self.kept_is or (measured and self.speed >= p.frozen_kmh)):
            if self.frozen_t is None:
                self.frozen_t = t
            if t - self.frozen_t >= p.frozen_s * SEC:
                self.reject()
            return None
        self.frozen_t = None
        became, compared = "taken", False
        if self.fix_t is not None and t - self.fix_t <= self.gap:
            said = self.explained(t, v)
            off = metres_between(self.fix, here) > self.reach(t, v, said)
            if off or (self.jump and self.stays_off(t, v, here, said)):
                first, count = t, 0
                if self.jump:
                    place, then, since, n = self.jump
                    reach = p.jump_kmh / 3.6 * (t - then) / SEC
                    if metres_between(place, here) <= p.jump_slack_m + reach:
                        first, count = since, n
                if count == 0:
                    self.note_jump(t, here, 1)
                self.jump = (here, t, first, count + 1)
                if count + 1 < 3 or t - first < p.jump_keep_s * SEC:
                    return self.reject()
                became = "anew"
                self.note_jump(t, here, 3)
            elif t - self.fix_t > p.coarse_step_s * SEC:
                compared = True
                if not self.off_the_way(t, v, here, said):
                    metres = metres_between(self.fix, here)
                    self.leg = {"place": self.fix, "t": self.fix_t, "m": metres, "by_speed": said}
        if not compared:
            self.leg = None
        self.jump, self.fix, self.fix_t = None, here, t
        self.by_speed = self.by_speed_more = 0.0
        return became

    def follow(self, t, accuracy, became, derive):
        if became == "anew" or self.anchor_t is None or t - self.anchor_t > self.gap:
            self.anchor, self.anchor_t = self.fix, t
            self.chord = None if became == "anew" else self.chord
        elif derive:
            self.derive(t, self.fix, accuracy)

    def derive(self, t, here, accuracy):
        p, seconds = self.p, (t - self.anchor_t) / SEC
        metres = metres_between(self.anchor, here)
        far = accuracy if accuracy > p.derive_m else p.derive_m
        if self.kept_is:
            far = max(far, p.still_m)
        if metres >= far and seconds >= p.derive_s:
            self.accept(t, 3.6 * metres / seconds, self.anchor_t)
            self.anchor, self.anchor_t, self.climbed = here, t, True
        elif metres < far and seconds >= p.derive_stand_s:
            self.accept(t, 0.0, self.anchor_t)
            self.anchor_t, self.climbed = t, True

    def take_heading(self, t, heading):
        p = self.p
        if self.stairs and self.headings.pairs and heading == self.headings.pairs[-1][1]:
            return
        if not self.recent(t, self.speed_t, 2) or self.speed < p.heading_kmh:
            self.headings = Ring(12)
            return
        old = self.headings.older(t, p.window_s)
        lat, span = self.smooth[True], (t - old[0]) / SEC if old else math.inf
        if span <= p.window_max_s:
            turn = (heading - old[1] + 180) % 360 - 180
            a = -self.speed / 3.6 * math.radians(turn) / span
            before = 0.0
            if self.turn_accel and self.recent(t, self.turn_accel[0], 2):
                before = self.turn_accel[1]
            self.turn_accel = (t, a)
            same_way = before if a > 0 else -before
            goes_on = same_way >= 0.3 * p.cornering_mps2
            small = abs(turn) < p.heading_sure_deg and not goes_on
            if abs(turn) < p.heading_deg or small:
                a = 0.0
            if not (lat and self.recent(t, lat[0], 2)):
                self.feel(self.across, t, a, old[0], span, self.speed, False, 0.0)
        self.headings.push(t, heading)

    # -- accelerometer
    def smoothed(self, lateral, t, a):
        p, last = self.p, self.smooth[lateral]
        if abs(a) > p.physical_mps2:
            return
        dt, before, value = 2.0, 0.0, a
        if last and self.recent(t, last[0], 2):
            dt, before = (t - last[0]) / SEC, last[1]
            if dt < p.as_is_s:
                value = before + dt / (p.smooth_s + dt) * (a - before)
        self.smooth[lateral] = (t, value)
        other = 0.0
        if not lateral and self.speed_accel and self.recent(t, self.speed_accel[0], 2):
            other = self.speed_accel[1]
        if lateral and self.turn_accel and self.recent(t, self.turn_accel[0], 2):
            other = self.turn_accel[1]
        if dt >= p.coarse_s and abs(before) > abs(other):
            other = before
        v0 = self.speed if self.recent(t, self.speed_t, 5) else None
        channel = self.across if lateral else self.along
        self.feel(channel, t, value, t, dt, v0, True, other)

    def frame(self, t, raw):
        """Device frame -> (forward, left, the horizontal vector)."""
        p, last, self.frame_t = self.p, self.frame_t, t
        dt = (t - last) / SEC if self.recent(t, last, 2) else 0.0
        if self.gravity is None:
            self.gravity, self.gravity_s = list(raw), 1e-3
        else:
            self.gravity_s += dt
            if math.hypot(*raw) <= 3 * 9.80665:
                share = dt / (min(self.gravity_s, p.gravity_s) + dt)
                self.gravity = [g + share * (r - g) for g, r in zip(self.gravity, raw, strict=True)]
        g = self.gravity
        vertical = math.hypot(*g) >= 5.0
        if vertical:
            flat = [r - x for r, x in zip(raw, g, strict=True)]
            up = sum(a * b for a, b in zip(flat, g, strict=True)) / sum(x * x for x in g)
            raw = [a - up * b for a, b in zip(flat, g, strict=True)]
        size = math.hypot(*raw)
        if size <= p.physical_mps2:
            self.felt = [i + r * dt for i, r in zip(self.felt, raw, strict=True)]
            self.felt_s += dt
        cor, length = self.cor, math.hypot(*self.cor)
        best = p.calibration_quality * math.sqrt(self.e_speed * self.e_felt)
        if self.evidence_s < p.calibration_s or length == 0 or length < best:
            return None, None, raw
        forward = sum(a * b for a, b in zip(raw, cor, strict=True)) / length
        if not vertical:
            return forward, None, raw
        left = [g[1] * cor[2] - g[2] * cor[1], g[2] * cor[0] - g[0] * cor[2]]
        left.append(g[0] * cor[1] - g[1] * cor[0])
        across = math.hypot(*left)
        if across == 0:
            return forward, None, raw
        return forward, sum(a * b for a, b in zip(raw, left, strict=True)) / across, raw

    def correlate(self, t, v):
        dt, step = None, 0.0
        if self.cor_from is not None:
            dt, step = (t - self.cor_from[0]) / 1e6, v - self.cor_from[1]
            if dt < self.p.window_s or (step == 0 and dt <= self.p.window_max_s):
                return
        self.cor_from = (t, v)
        felt, covered = self.felt, self.felt_s
        self.felt, self.felt_s = [0.0] * 3, 0.0
        if dt is None or not 0 < dt <= self.p.window_max_s or covered < 0.5 * dt:
            return
        a = step / 3.6 / dt
        if abs(a) < 0.3:
            return
        keep, mean = 1 - dt / 600, [i / covered for i in felt]
        self.cor = [c * keep + a * m * dt for c, m in zip(self.cor, mean, strict=True)]
        self.e_speed = self.e_speed * keep + a * a * dt
        self.e_felt = self.e_felt * keep + sum(m * m for m in mean) * dt
        self.evidence_s += dt

    def take_acceleration(self, t, row):
        along, across = row["accel_long_mps2"], row["accel_lat_mps2"]
        device = [row[f"accel_{axis}_mps2"] for axis in "xyz"]
        if along is not None or across is not None:
            self.vehicle_t = t
            felt = [along or 0.0, across or 0.0, 0.0]
        elif None not in device:
            forward, left, felt = self.frame(t, device)
            if not self.recent(t, self.vehicle_t, 2):
                along, across = forward, left
        else:
            return
        self.accel_dt = None if self.accel_t is None else (t - self.accel_t) / SEC
        self.accel_t = t
        self.shake(t, felt, math.hypot(*felt))
        if along is not None:
            self.smoothed(False, t, along)
        if across is not None:
            self.smoothed(True, t, across)

    # -- a row
    def take(self, t, local, row):
        self.now, self.shift = t, local - t
        speed, fix = row["speed_kmh"], None
        if row["lat_deg"] is not None and row["lon_deg"] is not None:
            fix = row["lat_deg"], row["lon_deg"]
        self.note_rate(t, speed, fix)
        self.note_clock(t, speed, fix)
        self.check_end(t)
        began = self.trip["start_us"] if self.trip else None
        for channel in (self.along, self.across):
            pulse = channel.pulse
            if pulse and pulse["waits"] and self.suspect is not None:
                continue
            if pulse and t - pulse["last"] >= 3 * SEC:
                self.close_pulse(channel)
        if row["speed_limit_kmh"] is not None:
            self.limit, self.limit_t = row["speed_limit_kmh"], t
        if row["ignition"] is not None:
            if row["ignition"] >= 0.5:
                self.ignition_off = None
            elif self.ignition is not None and self.ignition >= 0.5:
                self.ignition_off = t
            self.ignition = row["ignition"]
        became, said, accuracy = None, None, number(row["accuracy_m"])
        if fix is not None:
            usable = speed if speed is not None and speed <= self.p.jump_kmh else None
            became = self.take_fix(t, *fix, accuracy, usable)
        if speed is not None:
            said = self.judge(t, speed, accuracy)
        if became:
            derive = said == "derive" or (speed is None and not self.recent(t, self.measured_t, 12))
            self.follow(t, accuracy, became, derive)
        if said == "take":
            self.take_speed(t, speed)
            stands = self.trip and self.trip["stand"]
            if not stands and self.speed_t == t and self.speed >= self.p.event_kmh:
                self.ignition_off = None
        if row["heading_deg"] is not None:
            self.take_heading(t, row["heading_deg"])
        self.take_acceleration(t, row)
        if self.trip and self.trip["start_us"] == began:
            self.trip["sample_count"] += 1


NAMES = (
    *("speed_kmh", "lat_deg", "lon_deg", "accuracy_m", "heading_deg", "accel_long_mps2"),
    *("accel_lat_mps2", "accel_x_mps2", "accel_y_mps2", "accel_z_mps2"),
    *("speed_limit_kmh", "ignition"),
)


def drive_and_finish(columns, t_us, local_us, p):
    """One device, its whole recording."""
    car = Car(p)
    for i, (t, local) in enumerate(zip(t_us, local_us, strict=True)):
        row = {}
        for name in NAMES:
            value = float(columns[name][i]) if name in columns else NAN
            row[name] = None if math.isnan(value) or math.isinf(value) else value
        car.take(int(t), int(local), row)
    car.resolve()
    car.close_trip(4)
    return car.trips, car.events


def spells_beyond(trips, limit_s, break_s):
    """Seconds of driving beyond limit_s without a break of break_s."""
    beyond, spell, last = 0.0, 0.0, None
    for trip in sorted(trips, key=lambda t: (t["start_us"], t["end_us"], t["driving_s"])):
        if last is None or trip["start_us"] - last >= break_s * SEC:
            spell = 0.0
        beyond += max(0.0, spell + trip["driving_s"] - max(limit_s, spell))
        spell, last = spell + trip["driving_s"], trip["end_us"]
    return beyond


def score(trips):
    """The score of one subject from trip dicts: (score or NaN, shares)."""
    several = len(trips) > 1
    trips = [trip for trip in trips if not trip["quality"] & (16 + 32 + 64 + 128 + 256)]
    km = math.fsum(trip["distance_m"] for trip in trips) / 1000
    driving = math.fsum(trip["driving_s"] for trip in trips)
    limited = math.fsum(trip["speed_limited_s"] for trip in trips)
    if not trips or (several and km < 30):
        return NAN, [NAN] * 12

    def summed(name):
        return [math.fsum(column) for column in zip(*(t[name] for t in trips), strict=True)]

    def part_seen(trip, name):
        if math.isnan(trip[name]):
            return 1.0 if name == "longitudinal_s" else 0.0
        share = min(trip[name] / trip["driving_s"], 1.0) if trip["driving_s"] > 0 else 0.0
        return share if share >= 0.5 else 0.0

    shares, strength, unseen = [], 1.0, {}

    def take(weight, half, order, mean, prior, value, exposure, power=0):
        """`power` of the strength of acceleration instead of what was not observed."""
        rate = mean
        if not math.isnan(value):
            rate = (exposure * value + prior * mean) / (exposure + prior)
        elif power:
            unseen[len(shares)] = (weight, half, order, mean, power)
        shares.append(weight * (rate**order / (rate**order + half**order)))
        return rate

    for name, weight, mean in (("braking", 12, 5), ("acceleration", 6, 4), ("cornering", 4, 5)):
        axis = "lateral_s" if name == "cornering" else "longitudinal_s"
        good = [t for t in trips if name == "cornering" or not t["quality"] & 2]
        counts = [t[f"harsh_{name}"] for t in good if axis[1] == "o" or part_seen(t, axis)]
        events = sum(one + 2 * two + 4 * three for one, two, three in counts)
        seen_km = math.fsum(t["distance_m"] * part_seen(t, axis) for t in good) / 1000
        rate = events / seen_km * 100 if seen_km > 0 else NAN
        take(weight, 15, 1, mean, 10, rate, seen_km, 2)
    ratios = summed("ratio_hist_s")
    over = [seconds * (0.1 * i + 0.05 - 1) for i, seconds in enumerate(ratios) if i >= 10]
    fast = p95(summed("speed_hist_s"), 10) / 130
    if driving > 0 and limited >= driving / 2:
        fast = p95(ratios, 0.1)

    def share_of_time(name, of):
        known = [t for t in trips if not math.isnan(t[name])]
        whole = math.fsum(t[of] for t in known)
        return math.fsum(t[name] for t in known) / whole if whole > 0 else NAN, whole / 3600

    def hours(bins):
        return math.fsum(bins) / 3600

    share, limits_h = share_of_time("speeding_s", "speed_limited_s")
    take(10, 0.2, 1, 0.05, 0.2, share, limits_h)
    take(10, 0.03, 1, 0.005, 0.2, sum(over) / sum(ratios) if sum(ratios) > 0 else NAN, limits_h)
    take(12, 1.1, 4, 0.85, 0.1, fast, hours(summed("speed_hist_s")))

    def demand(v):
        """Least relative positive acceleration of a trip, Regulation (EU) 2017/1151."""
        return 0.1755 - 0.0016 * v if v <= 94.05 else 0.025

    speeds, rare = summed("speed_hist_s"), 0.05
    if sum(speeds) > 0:
        asked = sum(seconds * demand(10 * i + 5) for i, seconds in enumerate(speeds))
        rare = 0.05 * asked / sum(speeds) / demand(50)
    pulls = [a + b for a, b in zip(summed("accel_hist_s"), summed("sparse_hist_s"), strict=True)]
    strength = take(14, 1.5, 4, 1.2, 0.1, p95(pulls, 0.2, rare), hours(pulls)) / 1.2
    along = summed("along_hist_s")
    take(12, 0.57, 4, 0.35, 0.1, p95(along, 0.05), hours(along), 1)
    jerks = summed("jerk_hist_s")
    take(12, 0.9, 2, 0.5, 0.1, p95(jerks, 0.1, rare), hours(jerks), 1)
    share, clock_h = share_of_time("night_s", "driving_s")
    take(3, 0.5, 1, 0.08, 0.2, share, clock_h)
    share, watched_h = share_of_time("phone_s", "driving_s")
    take(3, 0.05, 1, 0.02, 0.5, share, watched_h)
    tired = spells_beyond(trips, 7200, 900) / driving if driving > 0 else NAN
    take(2, 0.2, 1, 0.02, 1, tired, driving / 3600)
    for i, (weight, half, order, mean, power) in unseen.items():
        rate = mean * strength**power
        shares[i] = weight * (rate**order / (rate**order + half**order))
    return 100 - sum(shares), shares
