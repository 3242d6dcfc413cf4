"""How many chunks are encoded side by side. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.media.plan import Plan

THREADS = 8  # that one encode of a few rungs keeps busy
BYTES_PER_PIXEL = 300  # of each rung and of the source, that an encode holds in memory


def at_once(plan: Plan, *, cores: int, memory: int, asked: int | None = None) -> int:
    """At least 1, at most as many as there are chunks.

    Args:
        cores: that this process may use.
        memory: bytes that all encodes together may take.
        asked: what a person wants, whatever the machine has.
    """
    if plan.hardware is not None:
        return 1  # cards take a few streams at a time, and each rung is one
    if asked is not None:
        return max(1, min(asked, len(plan.chunks)))
    return max(1, min(cores // THREADS, memory // encode_memory(plan), len(plan.chunks)))


def encode_memory(plan: Plan) -> int:
    """Bytes that one encode of this plan takes, about: every picture that is looked ahead at, in every size."""
    canvas = plan.video.canvas
    pixels = canvas.width * canvas.height + sum(r.width * r.height for r in plan.rungs)
    return pixels * BYTES_PER_PIXEL
