"""How far characters read as Chinese: what tells a right decoding from a wrong one."""

from __future__ import annotations

import re
from functools import lru_cache

_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严"
    "為個國時來們這後說產種過對會發動進著電裡現實數體機當業開還從與關長門間經應學無線內點總義將組見計"
    "別處隊給強決戰則據導壓爭濟階術極聯認權證廣達報類離華確單風車務傳話節議設變條結問題運農區統級圖資員質"
    "縣辦責規劃協調領導護環醫藥療養齡貼補請購項標準護檢監"
)
"""The most frequent characters of Chinese, and the traditional forms of those that have one: about
two thirds of any running text, and a twentieth of what a wrong codec makes of it."""
_PUNCTUATION = re.compile(
    r"[\u2010-\u203b\u3000-\u3017\ufe30-\ufe4f\uff01-\uff5e\u2460-\u249b\u00b7\u00d7]"
)
_SYMBOL = re.compile(r"[\u2190-\u22ff\u2500-\u27bf]")
_CONTROLS = "\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x85"
"""What is no evidence of a language: breaks of lines, tabs, the end of a file, shifts."""
SAMPLE = 200_000
"""Characters of a text that are judged."""


def plausibility(text: str) -> float:
    """How far the characters beyond ASCII read as Chinese: about 1 and more for a text, below 0.4
    for one in a wrong encoding. 1 for plain ASCII.

    >>> plausibility("各单位要高度重视") > 1 > plausibility("鍚勫崟浣嶈")
    True
    """
    beyond = [c for c in text[:SAMPLE] if (c > "\x7f" or c < " ") and c not in _CONTROLS]
    if not beyond:
        return 1.0
    return sum(map(weight, beyond)) / len(beyond)


@lru_cache(maxsize=32_768)
def weight(character: str) -> float:
    """How ordinary a character is in a Chinese text: 2 for the most frequent ones, 1 for the
    punctuation and the characters of the first levels of GB 2312 and Big5, less for others."""
    if character in _COMMON:
        return 2.0
    if _PUNCTUATION.match(character):
        return 1.0
    if _SYMBOL.match(character):
        return 0.8  # a ruled table says little
    if "\u4e00" <= character <= "\u9fff":
        return 1.0 if _first_level(character) else -0.5
    if "\ue000" <= character <= "\uf8ff" or character < "\xa0" or character == "\ufffd":
        return -4.0
    return -1.0


def _first_level(character: str) -> bool:
    for codec, first, last in (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)):
        try:
            lead = character.encode(codec)[0]
        except UnicodeEncodeError:
            continue
        if first <= lead <= last:
            return True
    return False


def count_chinese(text: str) -> int:
    """How many Chinese characters a text has, in its first `SAMPLE`."""
    return sum("\u4e00" <= c <= "\u9fff" for c in text[:SAMPLE])
