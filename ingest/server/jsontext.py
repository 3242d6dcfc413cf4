"""JSON that came from a client and goes out again: what Python's reader takes is more than JSON can hold."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import JSONResponse


def is_unicode(document: object) -> bool:
    """Whether a document that was read can be written again: `"\\ud800"` is half a character, `NaN` no number."""
    try:
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # UnicodeEncodeError is a ValueError
        return False
    return True


class JsonAnswer(JSONResponse):
    """A document that is written whatever it holds: one that is stored already must not make a list unreadable."""

    def render(self, content: Any) -> bytes:
        try:
            text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except ValueError:
            finite = json.loads(json.dumps(content), parse_constant=lambda _: None)
            text = json.dumps(finite, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")  # `\ud800` is what JSON itself writes
