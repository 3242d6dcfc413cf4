"""The renditions that keep the source's dynamic range: BT.2020, PQ or HLG, ten bits. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.media.command.picture import window, with_bars
from ingest.media.command.rungs import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk
    from ingest.media.plan.rungs import Rung


def hdr_branches(picture: Any, plan: Plan) -> tuple[Iterator[Any], Any]:
    """A stream for each HDR rung and one for their reference, and what everything else is made from."""
    if plan.hdr is None:
        return iter(()), picture
    split = picture.filter_multi_output("split", 2)
    # Metadata that goes with each picture of the source (Dolby Vision, HDR10+) is not true of scaled ones; what holds
    # for the whole film is told to the encoders.
    wide = split.stream(0).filter("sidedata", mode="delete")
    if plan.hdr.primaries:
        wide = wide.filter(
            "zscale",
            primariesin=plan.hdr.primaries,
            primaries="bt2020",
            transferin=plan.hdr.transfer,
            transfer=plan.hdr.transfer,
            matrixin="bt2020nc",
            matrix="bt2020nc",
        )
    count = sum(r.video_range != "SDR" for r in plan.rungs) + 1
    branches = wide.filter_multi_output("split", count)
    return (branches.stream(i) for i in range(count)), split.stream(1)


def hdr_rung_output(stream: Any, rung: Rung, plan: Plan, chunk: Chunk | None = None) -> Any:
    """A rendition in BT.2020 with the source's transfer curve, 10 bit."""
    transfer = {"PQ": "smpte2084", "HLG": "arib-std-b67"}[rung.video_range]
    stream = (
        hdr_scaled(stream, plan, rung.width, rung.height)
        .filter("format", "yuv420p10le")
        .filter("setsar", 1)
        .filter("setparams", color_primaries="bt2020", color_trc=transfer, colorspace="bt2020nc", range="tv")
    )
    return encoded(stream, rung, plan, chunk)


def hdr_scaled(stream: Any, plan: Plan, width: int, height: int) -> Any:
    across, down, left, top = window(plan, width, height)
    stream = stream.filter(
        "scale",
        across,
        down,
        flags="bicubic",
        in_color_matrix="bt2020",
        in_range="pc" if plan.video.colour.full_range else "tv",
        out_color_matrix="bt2020",
        out_range="tv",
    )
    if plan.video.pad is None:
        return stream
    # `pad` rounds the chroma of ten bits to 514.
    return with_bars(stream, plan, width, height).filter(
        "fillborders",
        left=left,
        right=width - across - left,
        top=top,
        bottom=height - down - top,
        mode="fixed",
        color="black",
    )
