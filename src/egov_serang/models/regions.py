"""Administrative regions of Kota Serang (36.73): 6 districts (*kecamatan*), 67 urban villages (*kelurahan*).

Source: national-systems 9.2; codes as in the Ministry of Home Affairs' decree 300.2.2-2430/2025, read from the
MIT-licensed data set cahyadsn/wilayah. Sukawana exists twice, and Kasemen holds a kelurahan called Banten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CITY_CODE: Final = "36.73"

_DISTRICTS: Final = {
    "01 Serang": "1001 Serang, 1002 Cipare, 1003 Sumur Pecung, 1004 Kota Baru, 1005 Lopang, 1006 Cimuncang, "
    "1007 Unyur, 1008 Sukawana, 1009 Lontarbaru, 1010 Kaligandu, 1011 Terondol, 1012 Kagungan",
    "02 Kasemen": "1001 Kasemen, 1002 Mesjid Priyayi, 1003 Terumbu, 1004 Warung Jaud, 1006 Bendung, 1007 Banten, "
    "1008 Sawah Luhur, 1009 Kilasah, 1010 Kasunyatan, 1011 Margaluyu",
    "03 Walantaka": "1001 Walantaka, 1002 Cigoong, 1003 Nyapah, 1004 Pangampelan, 1006 Kiara, 1007 Pager Agung, "
    "1008 Kalodran, 1009 Kapuren, 1010 Teritih, 1011 Pabuaran, 1012 Pasuluhan, 1013 Tegalsari, 1014 Pipitan, "
    "1016 Lebakwangi",
    "04 Curug": "1001 Curug, 1002 Tinggar, 1003 Kemanisan, 1004 Cipete, 1005 Cilaku, 1006 Pancalaksana, 1007 Sukawana, "
    "1008 Sukalaksana, 1009 Curug Manis, 1010 Sukajaya",
    "05 Cipocok Jaya": "1001 Cipocok Jaya, 1002 Karundang, 1003 Panancangan, 1004 Banjar Agung, 1005 Banjarsari, "
    "1006 Tembong, 1007 Dalung, 1008 Gelam",
    "06 Taktakan": "1001 Taktakan, 1002 Sayar, 1003 Pancur, 1004 Kuranji, 1005 Kalanganyar, 1006 Cilowong, "
    "1007 Panggungjati, 1008 Drangong, 1009 Umbul Tengah, 1010 Sepang, 1011 Lialang, 1012 Taman Baru, 1013 Cibendung",
}


@dataclass(frozen=True, slots=True)
class Region:
    """A region by its Kemendagri code (*kode wilayah*), such as `36.73.01.1001`; `parent` is the code one level up."""

    code: str
    name: str
    parent: str


def _districts() -> tuple[Region, ...]:
    return tuple(Region(f"{CITY_CODE}.{text[:2]}", text[3:], CITY_CODE) for text in _DISTRICTS)


def _villages() -> tuple[Region, ...]:
    return tuple(
        Region(f"{CITY_CODE}.{district[:2]}.{village[:4]}", village[5:], f"{CITY_CODE}.{district[:2]}")
        for district, villages in _DISTRICTS.items()
        for village in villages.split(", ")
    )


DISTRICTS: Final = _districts()
"""The 6 kecamatan."""

VILLAGES: Final = _villages()
"""The 67 kelurahan."""

REGIONS: Final = {region.code: region for region in (*DISTRICTS, *VILLAGES)}
"""Every district and village by its code."""
