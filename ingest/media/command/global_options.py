"""Global options that several commands have in common."""

from __future__ import annotations

PROGRESS = ("-progress", "pipe:1", "-stats_period", "1")
# ffmpeg gives up (exit 69) where two thirds of a stream do not decode: how much may be lost is for us to say.
ANY_DAMAGE = ("-max_error_rate", "1")
# Nothing is asked, nothing said but errors, and progress told on stdout.
ERRORS_AND_PROGRESS = ("-nostdin", "-hide_banner", "-v", "error", "-nostats", *PROGRESS, *ANY_DAMAGE)
