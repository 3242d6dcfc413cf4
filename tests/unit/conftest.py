"""Puts this folder on the import path, for the helpers that tests of several rooms share (`made_facts`)."""

from __future__ import annotations

from hypothesis import settings

# Machines are shared: an example that takes long is no failure.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
