"""Global options that several commands have in common."""

from __future__ import annotations

PROGRESS = ("-progress", "pipe:1", "-stats_period", "1")
# Nothing is asked, nothing said but errors, and progress told on stdout.
ERRORS_AND_PROGRESS = ("-nostdin", "-hide_banner", "-v", "error", "-nostats", *PROGRESS)
