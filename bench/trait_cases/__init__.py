"""The rows of the table that bench/traits.py prints: sources with one trait each, and what is measured of them.

Sources and measuring helpers are those of tests/media, which bench/traits.py puts on the module path.
"""
