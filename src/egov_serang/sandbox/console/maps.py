"""Small maps of cities, drawn by us: schematic shapes, coordinates approximate. A city without one has lists alone.

A map is a list of corners and, for each district, the corners around it. Neighbours share corners, so that no gap can
open between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, radians, sin, sqrt
from types import MappingProxyType
from typing import Final

Point = tuple[float, float]
"""In the drawing: to the right and down. In the world: longitude and latitude in degrees."""

WIDTH: Final = 640.0
_EDGE: Final = 30.0
"""As wide as a marker: nothing is placed nearer to the edge of the drawing."""
_STEP: Final = 42.0
_SPREAD_MAX: Final = 150.0
_TURN: Final = radians(137.5)
"""The golden angle: markers of one place form a spiral, in which none covers another."""


@dataclass(frozen=True, slots=True)
class District:
    """A district (*kecamatan*) as it is drawn."""

    code: str
    name: str
    outline: tuple[Point, ...]
    centre: Point


@dataclass(frozen=True, slots=True)
class CityMap:
    """A drawing `WIDTH` wide and `height` high, of the world between these degrees."""

    west: float
    north: float
    scale: float
    height: float
    districts: tuple[District, ...]
    sea: tuple[Point, ...]

    def project(self, longitude: float, latitude: float) -> Point:
        """Where a point of the world lies; what is off the map lies at its edge."""
        x, y = (longitude - self.west) * self.scale, (self.north - latitude) * self.scale
        return self.inside((x, y))

    def centre(self, area_code: str) -> Point | None:
        """The middle of the district that an area is or is part of; None when it is in none of ours."""
        found = (d.centre for d in self.districts if area_code == d.code or area_code.startswith(f"{d.code}."))
        return next(found, None)

    def inside(self, point: Point) -> Point:
        """The nearest point at which a whole marker is visible."""
        x, y = point
        return _clamp(x, WIDTH), _clamp(y, self.height)


def spread(city: CityMap, points: Sequence[Point]) -> list[Point]:
    """The same points, those in one place around it instead: a spiral in their order, the first in the middle."""
    shared: dict[tuple[int, int], int] = {}
    order: list[tuple[tuple[int, int], int]] = []
    for x, y in points:
        place = (round(x), round(y))
        shared[place] = shared.get(place, 0) + 1
        order.append((place, shared[place] - 1))
    result: list[Point] = []
    for (x, y), (place, turn) in zip(points, order, strict=True):
        reach = min(_STEP, _SPREAD_MAX / sqrt(shared[place])) * sqrt(turn)
        result.append(city.inside((x + reach * cos(turn * _TURN), y + reach * sin(turn * _TURN))))
    return result


def _clamp(value: float, size: float) -> float:
    return round(min(max(value, _EDGE), size - _EDGE), 1)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split()))


def _centroid(outline: Sequence[Point]) -> Point:
    area = x = y = 0.0
    for (x1, y1), (x2, y2) in pairwise((*outline, outline[0])):
        cross = x1 * y2 - x2 * y1
        area, x, y = area + cross, x + (x1 + x2) * cross, y + (y1 + y2) * cross
    return round(x / (3 * area), 1), round(y / (3 * area), 1)


def _at_edge(edge: str, point: Point, height: float) -> Point:
    x, y = point
    return {"n": (x, 0.0), "s": (x, height), "w": (0.0, y), "e": (WIDTH, y)}[edge]


def _draw(corners: str, districts: Mapping[str, tuple[str, str]], coast: str, beyond: str) -> CityMap:
    """A map.

    Args:
        corners: longitude and latitude of each, in thousandths of a degree from 105 E and 5 S (`1100-1048`).
        districts: for each code its name and the numbers of its corners, from 0.
        coast: the corners along the sea.
        beyond: the way back through the sea: the edge it reaches from the last of them, corners of the drawing, the
            edge from which it reaches the first (`w nw n`).
    """
    world = [tuple(map(int, pair.split("-"))) for pair in corners.split()]
    margin = 12
    west, east = min(x for x, _ in world) - margin, max(x for x, _ in world) + margin
    north, south = min(y for _, y in world) - margin, max(y for _, y in world) + margin
    scale = WIDTH / (east - west)
    drawn = [(round((x - west) * scale, 1), round((y - north) * scale, 1)) for x, y in world]
    height = round((south - north) * scale, 1)
    shore = [drawn[number] for number in _numbers(coast)]
    leave, *around, land = beyond.split()
    sea = (
        *shore,
        _at_edge(leave, shore[-1], height),
        *(_at_edge(corner[1], _at_edge(corner[0], (0.0, 0.0), height), height) for corner in around),
        _at_edge(land, shore[0], height),
    )

    def shapes() -> Iterator[District]:
        for code, (name, numbers) in districts.items():
            outline = tuple(drawn[number] for number in _numbers(numbers))
            yield District(code, name, outline, _centroid(outline))

    return CityMap(105 + west / 1000, -5 - north / 1000, scale * 1000, height, tuple(shapes()), sea)


MAPS: Final[Mapping[str, CityMap]] = MappingProxyType(
    {
        "36.73": _draw(
            "1100-1048 1115-1030 1135-1035 1150-1023 1170-1031 1188-1022 1205-1034 1222-1046 1224-1066 1206-1084 "
            "1186-1092 1160-1086 1138-1092 1118-1084 1104-1068 1129-1108 1132-1124 1126-1139 1131-1156 1118-1176 "
            "1100-1170 1086-1148 1083-1120 1095-1098 1183-1107 1178-1120 1164-1127 1148-1131 1226-1094 1238-1116 "
            "1233-1143 1222-1166 1212-1178 1197-1158 1191-1140 1176-1166 1154-1163 1206-1196 1186-1208 1162-1204 "
            "1143-1193 1134-1174",
            {
                "36.73.01": ("Serang", "12 11 10 24 25 26 27 17 16 15"),
                "36.73.02": ("Kasemen", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14"),
                "36.73.03": ("Walantaka", "9 28 29 30 31 32 33 34 25 24 10"),
                "36.73.04": ("Curug", "18 36 35 33 32 37 38 39 40 41"),
                "36.73.05": ("Cipocok Jaya", "17 27 26 25 34 33 35 36 18"),
                "36.73.06": ("Taktakan", "13 12 15 16 17 18 19 20 21 22 23"),
            },
            coast="0 1 2 3 4 5 6 7",
            beyond="e ne nw w",
        ),
        "36.72": _draw(
            "1000-902 986-918 992-936 982-953 986-972 978-990 966-1004 948-1010 933-1028 940-1048 962-1058 990-1054 "
            "980-1030 1020-912 1030-934 1008-946 1044-952 1026-970 1018-990 1062-968 1068-990 1046-994 1030-1006 "
            "1036-1024 1058-1018 1078-1008 1090-1022 1064-1036 1040-1044 1098-1042 1076-1058 1048-1060 1022-1056",
            {
                "36.72.01": ("Cibeber", "26 29 30 31 32 28 27"),
                "36.72.02": ("Cilegon", "25 26 27 28 23 24"),
                "36.72.03": ("Pulomerak", "0 13 14 15 3 2 1"),
                "36.72.04": ("Ciwandan", "6 12 11 10 9 8 7"),
                "36.72.05": ("Jombang", "20 25 24 23 22 21"),
                "36.72.06": ("Gerogol", "3 15 14 16 17 18 5 4"),
                "36.72.07": ("Purwakarta", "16 19 20 21 22 18 17"),
                "36.72.08": ("Citangkil", "5 18 22 23 28 32 11 12 6"),
            },
            coast="0 1 2 3 4 5 6 7 8 9",
            beyond="w nw n",
        ),
    }
)
"""By code of the city (*kode wilayah*)."""
