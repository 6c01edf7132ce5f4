"""Whose document it is: the place and the level of the government that issued it."""

from __future__ import annotations

import re
from enum import StrEnum

from kb.models import Fact

_PROVINCES = [
    "北京",
    "天津",
    "上海",
    "重庆",
    "河北",
    "山西",
    "辽宁",
    "吉林",
    "黑龙江",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "海南",
    "四川",
    "贵州",
    "云南",
    "陕西",
    "甘肃",
    "青海",
    "台湾",
    "内蒙古",
    "广西",
    "西藏",
    "宁夏",
    "新疆",
    "香港",
    "澳门",
]
_MUNICIPALITIES = ("北京市", "天津市", "上海市", "重庆市")
_PLACE = re.compile(
    r"(?P<province>(?:[一-龥]{2,3}省|内蒙古自治区|广西壮族自治区|西藏自治区|宁夏回族自治区|新疆维吾尔自治区))?"
    r"(?P<city>[一-龥]{2,12}?自治州|(?!城市)(?:(?![区县旗])[一-龥]){2,5}?(?:市|州|盟|地区))?"
    r"(?P<district>(?!城市)[一-龥]{1,9}?(?:自治县|自治旗|新区|开发区|高新区|区|县|旗|市))?"
    r"(?=人民政府|行政公署|政府|委员会|教育|公安|财政|办公|党|发展|关于|的|$|[一-龥]{0,8}(?:局|委|厅|办公室))"
)


class Level(StrEnum):
    """Levels of government."""

    STATE = "state"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    TOWNSHIP = "township"
    OTHER = "other"


class Jurisdiction(Fact):
    """`place` is the full name of the issuer's own place (万州区); `parents` the places above it,
    nearest first (重庆市). An unknown issuer has no place and the level `other`."""

    place: str | None
    level: Level
    parents: tuple[str, ...] = ()

    def at(self, level: Level) -> str | None:
        """The name of this place or of a parent at `level`."""
        if level is self.level:
            return self.place
        for parent in self.parents:
            if level_of(parent) is level or (parent in _MUNICIPALITIES and level is Level.CITY):
                return parent
        return None


def place_stem(place: str) -> str:
    """A place's name without the word for what it is, which a short one keeps.

    >>> place_stem("万州区"), place_stem("开县")
    ('万州', '开县')
    """
    return place[:-1] if place[-1] in "省市州盟区县旗镇乡" and len(place) > 2 else place


def level_of(place: str) -> Level:
    """The level that a place's name shows: 重庆市 is a province, 万州区 a district."""
    if place in _MUNICIPALITIES or place.endswith("省") or re.search(r"自治区$", place):
        return Level.PROVINCE
    if place.endswith(("市", "州", "盟", "地区")):
        return Level.CITY
    if place.endswith(("区", "县", "旗")):
        return Level.DISTRICT
    if place.endswith(("镇", "乡", "街道")):
        return Level.TOWNSHIP
    return Level.OTHER


def detect_jurisdiction(issuer: str | None, title: str = "") -> Jurisdiction:
    """Read the jurisdiction from the issuer's name, else from the document's title.

    >>> detect_jurisdiction("重庆市万州区人民政府办公室").place
    '万州区'
    """
    for printed in (issuer or "", title):
        name = re.sub(r"\s", "", printed)
        if re.match(r"国务院|中共中央|中央办公厅|教育部|财政部|国家|[一-龥]{2,8}总[局署]$", name):
            return Jurisdiction(place="国家", level=Level.STATE)
        if found := _read_place(name):
            # The issuer may be short (万州区政府办公室) where the title has the parent too.
            longer = _read_place(re.sub(r"\s", "", title)) if name != title else None
            if longer and longer.place == found.place and longer.parents:
                return longer
            return found
    return Jurisdiction(place=None, level=Level.OTHER)


def _read_place(name: str) -> Jurisdiction | None:
    name = re.sub(r"^(?:中共|中国共产党)", "", name)
    match = _PLACE.match(name)
    if match is None or not match.group():
        return None
    province, city, district = match.group("province", "city", "district")
    if province is None and city and not district and city not in _MUNICIPALITIES:
        inner = re.match(r"([一-龥]{2,4}?市)([一-龥]{2,5}市)$", city)
        if inner:
            city, district = inner.groups()
    places = [p for p in (province, city, district) if p]
    if any(not p.strip("省市州盟区县旗") for p in places):
        return None  # 区市场监管局 is of no place called 区市
    own = places[-1]
    level = Level.DISTRICT if district else level_of(own)
    return Jurisdiction(place=own, level=level, parents=tuple(reversed(places[:-1])))
