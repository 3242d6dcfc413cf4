"""What the codes and flag bits of ST 0601 and ST 0102 mean, as data: for codes by value, for flags by bit."""

from __future__ import annotations


def _count(*names: str) -> dict[int, str]:
    return dict(enumerate(names))


ICING = _count("detector off", "no icing", "icing")
GENERIC_FLAGS = _count(
    "laser range", "auto-track", "infrared black hot", "icing", "slant range measured", "image invalid"
)
FIELD_OF_VIEW = _count(
    "ultranarrow",
    "narrow",
    "medium",
    "wide",
    "ultrawide",
    "narrow medium",
    "2x ultranarrow",
    "4x ultranarrow",
    "continuous zoom",
)
OPERATIONAL_MODE = _count("other", "operational", "training", "exercise", "maintenance", "test")
POSITIONING = _count("on-board INS", "GPS", "Galileo", "QZSS", "NAVIC", "GLONASS", "BeiDou-1", "BeiDou-2")
PLATFORM_STATUS = _count(
    "active",
    "pre-flight",
    "pre-flight taxiing",
    "run-up",
    "take-off",
    "ingress",
    "manual operation",
    "automated orbit",
    "transitioning",
    "egress",
    "landing",
    "landed taxiing",
    "landed parked",
)
SENSOR_CONTROL = _count(
    "off", "home position", "uncontrolled", "manual", "calibrating", "holding position", "tracking"
)
CLASSIFICATION = {1: "unclassified", 2: "restricted", 3: "confidential", 4: "secret", 5: "top secret"}
COUNTRY_CODING = {
    1: "ISO 3166 two letters",
    2: "ISO 3166 three letters",
    3: "FIPS 10-4 two letters",
    4: "FIPS 10-4 four letters",
    5: "ISO 3166 numbers",
    6: "STANAG 1059 two letters",
    7: "STANAG 1059 three letters",
    10: "FIPS 10-4 mixed",
    11: "ISO 3166 mixed",
    12: "STANAG 1059 mixed",
    13: "GENC two letters",
    14: "GENC three letters",
    15: "GENC numbers",
    16: "GENC mixed",
}
OBJECT_COUNTRY_CODING = {
    1: "ISO 3166 two letters",
    2: "ISO 3166 three letters",
    3: "ISO 3166 numbers",
    4: "FIPS 10-4 two letters",
    5: "FIPS 10-4 four letters",
    6: "STANAG 1059 two letters",
    7: "STANAG 1059 three letters",
    13: "GENC two letters",
    14: "GENC three letters",
    15: "GENC numbers",
    64: "GENC subdivisions",
}
