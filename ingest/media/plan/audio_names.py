"""What an audio rendition is called in a player's menu. Pure.

Never a text of the source: a title could hold quotes or newlines, which an HLS attribute cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.media.facts import Role

_NOT_A_LANGUAGE = frozenset({"und", "mis", "zxx", "mul"})
_ROLES: dict[str, str] = {
    "commentary": "commentary",
    "description": "audio description",
    "clear-speech": "clear speech",
}
# No comma and no quote: the name stands in lists and in quoted attributes.
_PUNCTUATION = " -'()"


def label(language: str, role: Role) -> str:
    """The language's own name, and the role in English.

    >>> label("de", "main"), label("pt-BR", "commentary"), label("und", "main"), label("qaa", "main")
    ('Deutsch', 'Português (Brasil) (commentary)', 'Audio', 'qaa')
    """
    name = _language(language)
    return f"{name} ({_ROLES[role]})" if role in _ROLES else name


def _language(tag: str) -> str:
    if tag in _NOT_A_LANGUAGE:
        return "Audio"
    from langcodes import Language

    language = Language.get(tag)
    name = language.autonym()
    # For a code without a name it gives an English sentence with the code in brackets.
    if "[" in name:
        return tag
    safe = "".join(
        c for c in name if c in _PUNCTUATION or c.isalnum() or (not c.isascii() and c.isprintable())
    )
    return safe[:1].upper() + safe[1:]
