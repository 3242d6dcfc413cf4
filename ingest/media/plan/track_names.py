"""What a rendition of sound or text is called in a player's menu. Pure.

Never a text of the source: a title could hold quotes or newlines, which an HLS attribute cannot.
"""

from __future__ import annotations

from ingest.media.languages import OWN_NAMES

_NOT_A_LANGUAGE = frozenset({"und", "mis", "zxx", "mul"})
# No comma and no quote: the name stands in lists and in quoted attributes.
_PUNCTUATION = " -'()"


def label(language: str, otherwise: str, note: str | None = None) -> str:
    """The language's own name, or `otherwise` where none is known; after it a note in brackets.

    >>> label("de", "Audio"), label("pt-BR", "Text", "forced"), label("und", "Audio"), label("qaa", "Audio")
    ('Deutsch', 'Português (Brasil) (forced)', 'Audio', 'qaa')
    """
    name = otherwise if language in _NOT_A_LANGUAGE else OWN_NAMES.get(language) or own_name(language)
    return f"{name} ({note})" if note else name


def unique(name: str, taken: set[str], separator: str) -> str:
    """`name`, or with the first number that makes it one of its own; it is `taken` from then on."""
    number, result = 1, name
    while result in taken:
        number += 1
        result = f"{name}{separator}{number}"
    taken.add(result)
    return result


def own_name(tag: str) -> str:
    """The name as langcodes has it (CLDR), with a capital; the tag itself where there is none."""
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
