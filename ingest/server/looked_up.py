"""Keys as the store has them: looked up by what was shown, and remembered until anything in the store changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from ingest.store.tables import KEYS, TOKENS

if TYPE_CHECKING:
    from sqlalchemy import Row, Select

    from ingest.store.database import Database

    KeyRow = Row[tuple[Any, ...]]

_MOST = 10_000
# Made once: that costs more than their answers. `until` and `granted` are those of what was shown.
_OF_KEY = select(KEYS, KEYS.c.expires.label("until"), KEYS.c.scopes.label("granted")).where(
    KEYS.c.digest == bindparam("digest")
)
_OF_TOKEN = (
    select(KEYS, TOKENS.c.expires.label("until"), TOKENS.c.scopes.label("granted"))
    .join(TOKENS, TOKENS.c.key_id == KEYS.c.key_id)
    .where(TOKENS.c.digest == bindparam("digest"))
)
_OF_ID = select(KEYS).where(KEYS.c.key_id == bindparam("key_id"))


class KeyRows:
    """Safe to share among threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # What was found in one version of the store, of credentials by digest and of keys by id.
        self._found: tuple[int | None, dict[str, KeyRow]] = (None, {})

    def of_credential(self, digest: str, *, is_token: bool) -> KeyRow | None:
        """The key that this is, or stands for, as the store has it now."""
        return self._look(_OF_TOKEN if is_token else _OF_KEY, digest=digest)

    def of_id(self, key_id: str) -> KeyRow | None:
        """The key of this id, remembered or as the store has it now."""
        return self.remembered(key_id) or self._look(_OF_ID, key_id=key_id)

    def remembered(self, name: str) -> KeyRow | None:
        """What was found for a digest or id since anything in the store has changed last. Waits for no disk."""
        version, found = self._found
        row = found.get(name)
        return row if row is not None and version == self._database.version() else None

    def _look(self, query: Select[Any], **wanted: str) -> KeyRow | None:
        version = self._database.version()  # before the look: what changes after it must be seen
        with self._database.read() as db:
            row = db.execute(query, wanted).one_or_none()
        if row is not None and version is not None:
            (name,) = wanted.values()
            of, found = self._found
            if of == version and len(found) < _MOST:
                found[name] = row
            else:
                self._found = (version, {name: row})
        return row
