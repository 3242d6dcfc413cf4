"""JSON bodies of Bytescale's API, as pydantic reads them, and what a path in them means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from ingest.server.batches import exists
from ingest.server.dialects.bytescale.naming import checked, destination, folder
from ingest.server.jsontext import is_unicode
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.server.dialects.bytescale.access import Access

_ATTEMPTS = 10  # to find a path that is free, where it has digits by chance
MAX_BATCH = 1000
Tag = Annotated[str, Field(min_length=1, max_length=255)]
Tags = Annotated[list[Tag], Field(max_length=100)]


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _whole_characters(cls, document: object) -> object:
        if not isinstance(document, dict):
            return document
        if not is_unicode(document):
            raise ValueError("has half a surrogate pair, or a number that is none")
        # Clients of typed languages write null for what they do not say.
        return {k: v for k, v in document.items() if v is not None or k not in ("metadata", "tags")}


class BeginUpload(Body):
    """`BeginMultipartUploadRequest`."""

    size: Annotated[int, Field(ge=0)]
    metadata: dict[str, Any] = Field(default_factory=dict)
    mime: str | None = None
    original_file_name: str | None = None
    path: str | dict[str, Any] | None = None
    protocol: str = "1.0"
    tags: Tags = Field(default_factory=list)


class CompletePart(Body):
    """`CompleteUploadPartRequest`."""

    etag: str


class UploadFromUrl(Body):
    """`UploadFromUrlRequest`; `timeout` in milliseconds."""

    url: str
    metadata: dict[str, Any] = Field(default_factory=dict)
    mime: str | None = None
    original_file_name: str | None = None
    path: str | dict[str, Any] | None = None
    tags: Tags = Field(default_factory=list)
    timeout: Annotated[int, Field(ge=1, le=600_000)] = 30_000


class MetadataChange(Body):
    """`CopyableFileDataFileMetadata`."""

    merge: bool = False
    value: dict[str, Any] | None = None

    def said(self) -> dict[str, Any] | None:
        return None if self.value is None else {"merge": self.merge, "value": self.value}


class TagsChange(Body):
    """`CopyableFileDataFileTagNameArray`."""

    merge: bool = False
    value: Tags | None = None

    def said(self) -> dict[str, Any] | None:
        return None if self.value is None else {"merge": self.merge, "value": self.value}


class CopyFile(Body):
    """`CopyFileRequest`."""

    source: str
    destination: str
    metadata: MetadataChange | None = None
    tags: TagsChange | None = None

    def act(self) -> dict[str, Any]:
        """As `batches.copy` takes it. Raises Refusal for a path that is none."""
        act: dict[str, Any] = {"source": checked(self.source), "destination": checked(self.destination)}
        for key, change in (("metadata", self.metadata), ("tags", self.tags)):
            if change is not None and (said := change.said()) is not None:
                act[key] = said
        return act


class CopyFolder(Body):
    """`CopyFolderRequest`."""

    source: str
    destination: str
    copy_files: bool = True
    recursive: bool = True
    metadata: MetadataChange | None = None
    tags: TagsChange | None = None

    def act(self) -> dict[str, Any]:
        """As `batches.CopyFolders` takes it. Raises Refusal for a path that is none."""
        act: dict[str, Any] = {
            "source": folder(self.source),
            "destination": folder(self.destination),
            "copyFiles": self.copy_files,
            "recursive": self.recursive,
        }
        for key, change in (("metadata", self.metadata), ("tags", self.tags)):
            if change is not None and (said := change.said()) is not None:
                act[key] = said
        return act


class DeleteFolder(Body):
    """`DeleteFolderRequest`."""

    folder_path: str
    delete_files: bool = True
    recursive: bool = True

    def act(self) -> dict[str, Any]:
        """As `batches.DeleteFolders` takes it. Raises Refusal for a path that is none."""
        return {
            "folderPath": folder(self.folder_path),
            "deleteFiles": self.delete_files,
            "recursive": self.recursive,
        }


class CopyFiles(Body):
    files: Annotated[list[CopyFile], Field(min_length=1, max_length=MAX_BATCH)]


class CopyFolders(Body):
    folders: Annotated[list[CopyFolder], Field(min_length=1, max_length=MAX_BATCH)]


class DeleteFiles(Body):
    files: Annotated[list[str], Field(min_length=1, max_length=MAX_BATCH)]


class DeleteFolders(Body):
    folders: Annotated[list[DeleteFolder], Field(min_length=1, max_length=MAX_BATCH)]


class ResetCache(Body):
    """`ResetCacheRequest`."""

    pattern: Annotated[str, Field(min_length=1, max_length=1024)]
    reset_edge_cache: bool = True
    reset_permanent_cache: bool = True


class Save(Body):
    """`ProcessFileAndSaveRequest`."""

    destination: str | dict[str, Any] | None = None
    extended_params: dict[str, Any] | list[dict[str, Any]] | None = None
    metadata: MetadataChange | None = None
    tags: TagsChange | None = None


def free_path(access: Access, definition: str | Mapping[str, Any] | None, original: str) -> str:
    """Where a new file goes. A path that is said in full is taken though it be taken: the file there is replaced.

    Raises:
        Refusal: invalid, as `naming.destination`; conflict: no chance made a path that is free.
    """
    for _ in range(_ATTEMPTS):
        found = destination(definition, original, datetime.now(UTC))
        if not exists(access.core.files, access.account, found.path):
            return found.path
        if found.fallback is not None:
            return found.fallback
        if not found.unique:
            return found.path
    raise Refusal("conflict", "no path is free", code="file_path_taken")
