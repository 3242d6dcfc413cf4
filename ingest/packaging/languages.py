"""Language tags (BCP 47, RFC 5646)."""

from __future__ import annotations

import re

_LANGUAGE = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8}|-[0-9][a-z0-9]{3})*"
    r"(-[a-wyz0-9](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?|x(-[a-z0-9]{1,8})+",
    re.IGNORECASE,
)
# ISO 639-2 codes of languages that have a two-letter code, which RFC 5646 2.2.1 then asks for.
_LONG_CODES = """
    aar abk afr aka alb amh ara arg arm asm ava ave aym aze bak bam baq bel ben bih bis bod bos bre bul
    bur cat ces cha che chi chu chv cor cos cre cym cze dan deu div dut dzo ell eng epo est eus ewe fao
    fas fij fin fra fre fry ful geo ger gla gle glg glv gre grn guj hat hau heb her hin hmo hrv hun hye
    ibo ice ido iii iku ile ina ind ipk isl ita jav jpn kal kan kas kat kau kaz khm kik kin kir kom kon
    kor kua kur lao lat lav lim lin lit ltz lub lug mac mah mal mao mar may mkd mlg mlt mon mri msa mya
    nau nav nbl nde ndo nep nld nno nob nor nya oci oji ori orm oss pan per pli pol por pus que roh ron
    rum run rus sag san sin slk slo slv sme smo sna snd som sot spa sqi srd srp ssw sun swa swe tah tam
    tat tel tgk tgl tha tib tir ton tsn tso tuk tur twi uig ukr urd uzb ven vie vol wel wln wol xho yid
    yor zha zho zul
"""
_HAS_TWO_LETTERS = frozenset(_LONG_CODES.split())


def is_language(tag: str) -> bool:
    """Whether `tag` is a well-formed BCP 47 language tag that uses the two-letter code where there is one.

    >>> is_language("en"), is_language("pt-BR"), is_language("und"), is_language("eng")
    (True, True, True, False)
    """
    primary = tag.split("-", maxsplit=1)[0].lower()
    return len(tag) <= 100 and _LANGUAGE.fullmatch(tag) is not None and primary not in _HAS_TWO_LETTERS
