"""A synthetic road net, and routes over it.

The net is a jittered grid that is dense in the middle (a town) and wide outside (country roads and
a motorway ring). A route is a walk over its junctions whose corners are rounded to bends, so that
position, heading and curvature all come from one and the same line.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG); the net is small enough for a flat projection around its centre."""

GRID = 15
INNER_SPACING_M = 280.0
SPACING_GROWTH = 1.38
"""Blocks grow outwards: 280 m in the town, about 2 km on the motorway ring."""

_SMOOTHING_M = 6.0
"""Headings are averaged over this length: a driver turns the wheel, curvature does not jump."""
_STEP_M = 0.5
_LIMITS_KMH = (30.0, 50.0, 70.0, 100.0, 130.0)
_TUNNEL_SHARE = 0.06
_TUNNEL_MIN_M = 500.0


@dataclass(frozen=True, slots=True)
class Road:
    """One edge of the net, seen from either end."""

    limit_kmh: float
    tunnel: bool
    bends_m: tuple[tuple[float, float], ...]  # (share of the length, offset to the left)


@dataclass(frozen=True, slots=True)
class RoadNet:
    """Junctions in metres east and north of the centre, and the roads between them."""

    lat_deg: float
    lon_deg: float
    xy_m: np.ndarray
    lights: np.ndarray
    roads: dict[tuple[int, int], Road]
    neighbours: tuple[tuple[int, ...], ...]

    def to_degrees(self, x_m: np.ndarray, y_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project metres east and north of the centre to latitude and longitude."""
        lat = self.lat_deg + np.degrees(y_m / EARTH_RADIUS_M)
        lon = self.lon_deg + np.degrees(
            x_m / (EARTH_RADIUS_M * math.cos(math.radians(self.lat_deg)))
        )
        return lat, lon


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch with one character: a straight (radius infinite) or a bend.

    `stop` says that a stop line stands at its end.
    """

    length_m: float
    limit_kmh: float
    radius_m: float
    angle_rad: float
    tunnel: bool
    stop: bool


@dataclass(frozen=True, slots=True)
class Route:
    """A way over the net.

    `s_m`, `x_m`, `y_m`, `heading_rad` (mathematical: anticlockwise from east) and
    `curvature_1pm` (left positive) are sampled every half metre.
    """

    zones: tuple[Zone, ...]
    nodes: tuple[int, ...]
    s_m: np.ndarray
    x_m: np.ndarray
    y_m: np.ndarray
    heading_rad: np.ndarray
    curvature_1pm: np.ndarray


def build_net(seed: int, lat_deg: float = 52.27, lon_deg: float = 10.52) -> RoadNet:
    """Make the same net for the same seed.

    Returns
    -------
    RoadNet
        `GRID` × `GRID` junctions, connected, with every limit of 30, 50, 70, 100 and 130 km/h.
    """
    rng = np.random.default_rng([seed, 0x0AD])
    half = GRID // 2
    spacing = INNER_SPACING_M * SPACING_GROWTH ** np.arange(half)
    axis = np.concatenate([-np.cumsum(spacing)[::-1], [0.0], np.cumsum(spacing)])
    gx, gy = np.meshgrid(axis, axis)
    local = np.concatenate([spacing[::-1], [spacing[0]], spacing])
    jx, jy = np.meshgrid(local, local)
    xy = (
        np.stack([gx, gy], axis=-1)
        + rng.uniform(-0.16, 0.16, (GRID, GRID, 2)) * np.minimum(jx, jy)[..., None]
    )
    points = xy.reshape(-1, 2)
    ring = np.maximum(*np.abs(np.indices((GRID, GRID)) - half)).ravel()

    roads: dict[tuple[int, int], Road] = {}
    neighbours: list[list[int]] = [[] for _ in range(GRID * GRID)]
    rows, cols = np.divmod(np.arange(GRID * GRID), GRID)
    degree = 4 - (rows % (GRID - 1) == 0).astype(int) - (cols % (GRID - 1) == 0).astype(int)
    for node in range(GRID * GRID):
        row, col = divmod(node, GRID)
        for other, inside in ((node + 1, col + 1 < GRID), (node + GRID, row + 1 < GRID)):
            if not inside:
                continue
            on_ring = ring[node] == half and ring[other] == half
            # every fifth road is left out, but not the ring or the main axes, and no dead ends
            main = row == half or (col == half and other == node + GRID)
            spare = degree[node] > 2 and degree[other] > 2
            if rng.random() < 0.2 and spare and not on_ring and not main:
                degree[[node, other]] -= 1
                continue
            length = float(np.hypot(*(points[other] - points[node])))
            roads[node, other] = _road(rng, length, int(max(ring[node], ring[other])), on_ring)
            neighbours[node].append(other)
            neighbours[other].append(node)
    lights = (rng.random(GRID * GRID) < 0.6) & (ring <= 4)
    return RoadNet(
        lat_deg, lon_deg, points, lights, roads, tuple(tuple(sorted(n)) for n in neighbours)
    )


def _road(rng: np.random.Generator, length_m: float, ring: int, on_ring: bool) -> Road:
    if on_ring:
        limit = 130.0
    elif ring <= 2:
        limit = 30.0 if rng.random() < 0.35 else 50.0
    elif ring <= 4:
        limit = 50.0 if rng.random() < 0.6 else 70.0
    else:
        limit = 70.0 if rng.random() < 0.25 else 100.0
    assert limit in _LIMITS_KMH
    tunnel = length_m >= _TUNNEL_MIN_M and rng.random() < _TUNNEL_SHARE
    bends: tuple[tuple[float, float], ...] = ()
    if length_m > 350.0 and not on_ring and not tunnel and rng.random() < 0.6:
        offset = float(rng.choice([-1, 1]) * rng.uniform(0.10, 0.22) * length_m * 0.5)
        bends = ((float(rng.uniform(0.35, 0.65)), offset),)
    return Road(limit, tunnel, bends)


def walk(net: RoadNet, rng: np.random.Generator, start: int, length_m: float) -> list[int]:
    """Walk at random from a junction, never straight back, until `length_m` is covered."""
    nodes, done = [start], 0.0
    heading: float | None = None
    while done < length_m or len(nodes) < 3:
        here = nodes[-1]
        options = [n for n in net.neighbours[here] if len(nodes) < 2 or n != nodes[-2]]
        step = net.xy_m[options] - net.xy_m[here]
        course = np.arctan2(step[:, 1], step[:, 0])
        weight = np.ones(len(options))
        if heading is not None:  # mostly straight on, as people who want to arrive drive
            weight = 0.35 + np.clip(np.cos(course - heading), 0.0, 1.0) ** 2
        for i, option in enumerate(options):
            if option in nodes[-8:]:
                weight[i] *= 0.15
        pick = int(rng.choice(len(options), p=weight / weight.sum()))
        heading = float(course[pick])
        done += float(np.hypot(*step[pick]))
        nodes.append(options[pick])
    return nodes


def lay_route(net: RoadNet, rng: np.random.Generator, nodes: list[int]) -> Route:
    """Round the corners of a walk and cut it into zones.

    Parameters
    ----------
    nodes : list of junction indices, each a neighbour of the one before

    Returns
    -------
    Route
        The lengths of its zones add up to the length of its line.
    """
    corners, attributes = _polyline(net, nodes)
    step = np.diff(corners, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    course = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
    turn = (np.diff(course) + math.pi) % (2 * math.pi) - math.pi

    zones: list[Zone] = []
    taken = 0.0  # length that the bend before has cut from the start of this leg
    for leg in range(len(length)):
        limit, tunnel, junction = attributes[leg]
        last = leg == len(length) - 1
        radius, tangent = math.inf, 0.0
        if not last and abs(turn[leg]) > 1e-4:
            next_limit = attributes[leg + 1][0]
            radius = _radius(rng, min(limit, next_limit), junction >= 0, abs(turn[leg]))
            room = 0.42 * min(length[leg], length[leg + 1])
            tangent = radius * math.tan(abs(turn[leg]) / 2)
            if tangent > room:
                radius, tangent = radius * room / tangent, room
        stop = False
        if not last and junction >= 0:
            stop = bool(net.lights[junction] and rng.random() < 0.4) or rng.random() < 0.08
        zones.append(
            Zone(float(length[leg]) - taken - tangent, limit, math.inf, 0.0, tunnel, stop or last)
        )
        if tangent > 0.0:
            slower = min(limit, attributes[leg + 1][0])
            arc = radius * abs(float(turn[leg]))
            zones.append(Zone(arc, slower, radius, float(turn[leg]), False, False))
        taken = tangent
    return Route(tuple(zones), tuple(nodes), *_line(corners[0], float(course[0]), zones))


def _polyline(net: RoadNet, nodes: list[int]) -> tuple[np.ndarray, list[tuple[float, bool, int]]]:
    """The corner points, and for each leg (limit, tunnel, junction at its end or −1)."""
    points, attributes = [net.xy_m[nodes[0]]], []
    for here, there in itertools.pairwise(nodes):
        road = net.roads[min(here, there), max(here, there)]
        low, high = net.xy_m[min(here, there)], net.xy_m[max(here, there)]
        along = high - low
        left = np.array([-along[1], along[0]]) / np.hypot(*along)
        bends = [low + share * along + offset * left for share, offset in road.bends_m]
        for bend in bends if here < there else bends[::-1]:
            points.append(bend)
            attributes.append((road.limit_kmh, road.tunnel, -1))
        points.append(net.xy_m[there])
        attributes.append((road.limit_kmh, road.tunnel, there))
    return np.array(points), attributes


def _radius(rng: np.random.Generator, limit_kmh: float, junction: bool, turn_rad: float) -> float:
    if junction and turn_rad > 0.5:
        return float(rng.uniform(12.0, 18.0) if limit_kmh <= 50 else rng.uniform(18.0, 40.0))
    return float(rng.uniform(40.0, 90.0) if limit_kmh <= 50 else rng.uniform(120.0, 400.0))


def _line(
    origin: np.ndarray, course_rad: float, zones: list[Zone]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Integrate the zones' curvature to headings and positions."""
    ends = np.concatenate([[0.0], np.cumsum([z.length_m for z in zones])])
    turns = course_rad + np.concatenate([[0.0], np.cumsum([z.angle_rad for z in zones])])
    s = np.arange(0.0, ends[-1] + 200.0, _STEP_M)  # a little beyond, for who slides past the end
    width = int(_SMOOTHING_M / _STEP_M)
    padded = np.interp(np.arange(-width, len(s) + width) * _STEP_M, ends, turns)
    heading = np.convolve(padded, np.ones(width) / width, mode="same")[width : width + len(s)]
    curvature = np.gradient(heading, _STEP_M)
    x = origin[0] + np.concatenate([[0.0], np.cumsum(np.cos(heading) * _STEP_M)[:-1]])
    y = origin[1] + np.concatenate([[0.0], np.cumsum(np.sin(heading) * _STEP_M)[:-1]])
    return s, x, y, heading, curvature
