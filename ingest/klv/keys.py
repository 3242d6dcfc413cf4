"""The 16-byte universal labels by which KLV sets are known (SMPTE ST 336; MISB ST 0807 registers MISB's)."""

from __future__ import annotations

PREFIX = bytes.fromhex("060E2B34")
"""How each universal label begins."""
SIZE = 16


def _key(last: str, kind: str = "020B0101") -> bytes:
    return PREFIX + bytes.fromhex(kind + last)


UAS_DATALINK = _key("0E01030101000000")
SECURITY = _key("0E01030302000000", "02030101")
SECURITY_UNIVERSAL = _key("0208020000000000", "02010101")
PREDATOR = _key("0E01010201010000", "02010101")
"""EG 0104, the universal set from before ST 0601: recognised, not decoded."""
MXF_PARTITION = _key("0D010201", "02050101")
"""How the partition packs of MXF begin (SMPTE ST 377-1): such a file is KLV, too, but no bare MISB stream."""

STANDARDS: dict[bytes, str] = {
    UAS_DATALINK: "ST 0601",
    SECURITY: "ST 0102",
    SECURITY_UNIVERSAL: "ST 0102",
    PREDATOR: "EG 0104",
    _key("0E01030102000000"): "ST 0806",
    _key("0E01030306000000"): "ST 0903",
    _key("0E0103030C000000"): "ST 1002",
    _key("0E01030321000000", "02050101"): "ST 1010",
    _key("0E01030322000000"): "ST 1107",
    _key("0E0103031C000000", "02030101"): "ST 1108",
    _key("0E01030505000000"): "ST 1202",
    _key("0E01040503000000", "01010101"): "ST 1204",
    _key("0E0103030D000000"): "ST 1206",
    _key("0E01030301000000"): "ST 1601",
    _key("0E01030302000000"): "ST 1602",
}
"""The standard that a set's key stands for."""
UNKNOWN = "unknown"
