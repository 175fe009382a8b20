"""The city registry: cities by their Kemendagri code (*kode wilayah*), with districts and villages.

Codes and names as in the Ministry of Home Affairs' decree 300.2.2-2430/2025, read from the MIT-licensed data set
cahyadsn/wilayah (national-systems 9.2). Centres are approximate. Names repeat: Serang has two villages called Sukawana,
and the district Gerogol of Cilegon holds a village written Grogol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Region:
    """A region by its Kemendagri code, such as `36.73.01.1001`; `parent` is the code one level up."""

    code: str
    name: str
    parent: str


@dataclass(frozen=True, slots=True)
class City:
    """A city (*kota*) or regency (*kabupaten*) and what it consists of.

    Args:
        code: its Kemendagri code, such as `36.73`.
        name: with the kind, such as `Kota Serang`.
        province: the province it lies in.
        centre: latitude and longitude of its centre (WGS84 degrees, approximate).
        districts: its kecamatan.
        villages: its kelurahan, and desa where it has them.
    """

    code: str
    name: str
    province: str
    centre: tuple[float, float]
    districts: tuple[Region, ...]
    villages: tuple[Region, ...]

    def __contains__(self, code: object) -> bool:
        """Whether a code is the city's own or that of a district or village in it."""
        return code == self.code or any(region.code == code for region in (*self.districts, *self.villages))

    def villages_of(self, district: str) -> tuple[Region, ...]:
        """The villages of one district, by its code."""
        return tuple(village for village in self.villages if village.parent == district)


def _city(code: str, name: str, *, province: str, centre: tuple[float, float], districts: Mapping[str, str]) -> City:
    """A city from lines such as `"01 Serang": "1001 Serang, 1002 Cipare"`."""
    return City(
        code,
        name,
        province,
        centre,
        districts=tuple(Region(f"{code}.{text[:2]}", text[3:], code) for text in districts),
        villages=tuple(
            Region(f"{code}.{district[:2]}.{village[:4]}", village[5:], f"{code}.{district[:2]}")
            for district, villages in districts.items()
            for village in villages.split(", ")
        ),
    )


SERANG: Final = _city(
    "36.73",
    "Kota Serang",
    province="Banten",
    centre=(-6.1153, 106.1503),
    districts={
        "01 Serang": "1001 Serang, 1002 Cipare, 1003 Sumur Pecung, 1004 Kota Baru, 1005 Lopang, 1006 Cimuncang, "
        "1007 Unyur, 1008 Sukawana, 1009 Lontarbaru, 1010 Kaligandu, 1011 Terondol, 1012 Kagungan",
        "02 Kasemen": "1001 Kasemen, 1002 Mesjid Priyayi, 1003 Terumbu, 1004 Warung Jaud, 1006 Bendung, 1007 Banten, "
        "1008 Sawah Luhur, 1009 Kilasah, 1010 Kasunyatan, 1011 Margaluyu",
        "03 Walantaka": "1001 Walantaka, 1002 Cigoong, 1003 Nyapah, 1004 Pangampelan, 1006 Kiara, 1007 Pager Agung, "
        "1008 Kalodran, 1009 Kapuren, 1010 Teritih, 1011 Pabuaran, 1012 Pasuluhan, 1013 Tegalsari, 1014 Pipitan, "
        "1016 Lebakwangi",
        "04 Curug": "1001 Curug, 1002 Tinggar, 1003 Kemanisan, 1004 Cipete, 1005 Cilaku, 1006 Pancalaksana, "
        "1007 Sukawana, 1008 Sukalaksana, 1009 Curug Manis, 1010 Sukajaya",
        "05 Cipocok Jaya": "1001 Cipocok Jaya, 1002 Karundang, 1003 Panancangan, 1004 Banjar Agung, 1005 Banjarsari, "
        "1006 Tembong, 1007 Dalung, 1008 Gelam",
        "06 Taktakan": "1001 Taktakan, 1002 Sayar, 1003 Pancur, 1004 Kuranji, 1005 Kalanganyar, 1006 Cilowong, "
        "1007 Panggungjati, 1008 Drangong, 1009 Umbul Tengah, 1010 Sepang, 1011 Lialang, 1012 Taman Baru, "
        "1013 Cibendung",
    },
)
"""Kota Serang: 6 districts (*kecamatan*), 67 urban villages (*kelurahan*)."""

CILEGON: Final = _city(
    "36.72",
    "Kota Cilegon",
    province="Banten",
    centre=(-6.0174, 106.0541),
    districts={
        "01 Cibeber": "1001 Cibeber, 1002 Kedaleman, 1003 Bulakan, 1004 Cikerai, 1005 Karang Asem, 1006 Kalitimbang",
        "02 Cilegon": "1001 Bagendung, 1002 Ciwedus, 1003 Bendungan, 1004 Ketileng, 1005 Ciwaduk",
        "03 Pulomerak": "1001 Tamansari, 1002 Lebakgede, 1003 Mekarsari, 1004 Suralaya",
        "04 Ciwandan": "1001 Banjar Negara, 1002 Tegal Ratu, 1003 Kubangsari, 1004 Gunung Sugih, 1005 Kepuh, "
        "1006 Randakari",
        "05 Jombang": "1001 Sukmajaya, 1002 Jombang Wetan, 1003 Masigit, 1004 Panggung Rawi, 1005 Gedong Dalem",
        "06 Gerogol": "1001 Kotasari, 1002 Grogol, 1003 Rawa Arum, 1004 Gerem",
        "07 Purwakarta": "1001 Ramanuju, 1002 Kotabumi, 1003 Kebon Dalem, 1004 Purwakarta, 1005 Tegal Bunder, "
        "1006 Pabean",
        "08 Citangkil": "1001 Warnasari, 1002 Dringo, 1003 Lebak Denok, 1004 Taman Baru, 1005 Kebonsari, "
        "1006 Samangraya, 1007 Citangkil",
    },
)
"""Kota Cilegon: 8 districts (*kecamatan*), 43 urban villages (*kelurahan*)."""

CITIES: Final[Mapping[str, City]] = MappingProxyType({city.code: city for city in (SERANG, CILEGON)})
"""The cities this version knows, by code. Another city works as well: its gateway says what it offers."""
