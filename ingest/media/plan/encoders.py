"""Which encoder makes a rendition: the codec's software one, or a hardware one that was seen to work. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.media.plan.rungs import ENCODERS

if TYPE_CHECKING:
    from ingest.media.codec_names import Codec
    from ingest.media.hardware import Hardware
    from ingest.media.plan import Plan


def for_hardware(plan: Plan) -> tuple[Codec, ...]:
    """The codecs that hardware may make: SDR only, since HDR needs metadata that few hardware encoders write."""
    return tuple(dict.fromkeys(r.codec for r in plan.encoded if r.video_range == "SDR"))


def in_hardware(plan: Plan, hardware: Hardware | None) -> Plan:
    """`plan` with the renditions of the hardware's codecs made by it."""
    if hardware is None:
        return plan
    rungs = tuple(
        replace(r, encoder=hardware.encoder(r.codec) or r.encoder)
        if r.video_range == "SDR" and not r.copied
        else r
        for r in plan.rungs
    )
    return replace(plan, rungs=rungs, hardware=hardware)


def in_software(plan: Plan) -> Plan:
    """`plan` without hardware."""
    return replace(
        plan,
        rungs=tuple(r if r.copied else replace(r, encoder=ENCODERS[r.codec]) for r in plan.rungs),
        hardware=None,
    )
