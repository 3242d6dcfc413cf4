"""JSON bodies of Bytescale's API, as pydantic reads them, and what a path in them means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from ingest.server.batches import exists
from ingest.server.dialects.bytescale.documents import INTERNAL_STORAGE
from ingest.server.dialects.bytescale.naming import checked, destination, folder
from ingest.server.jsontext import is_unicode
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.server.dialects.bytescale.access import Access

_ATTEMPTS = 10  # to find a path that is free, where it has digits by chance
MAX_BATCH = 1000
MAX_DESCRIPTION = 1024
MAX_CURSOR = 2048
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
    copy_overridden_storage: bool = False
    copy_virtual_folders: bool = True
    recursive: bool = True
    metadata: MetadataChange | None = None
    tags: TagsChange | None = None

    def act(self) -> dict[str, Any]:
        """As `batches.CopyFolders` takes it. Raises Refusal: a path that is none, options that exclude each other."""
        if self.copy_virtual_folders and self.copy_overridden_storage:
            message = "copyVirtualFolders and copyOverriddenStorage cannot both be true"
            raise Refusal("invalid", message, code="invalid_parameter")
        act: dict[str, Any] = {
            "source": folder(self.source),
            "destination": folder(self.destination),
            "copyFiles": self.copy_files,
            "copyVirtualFolders": self.copy_virtual_folders,
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
    delete_virtual_folders: bool = True
    recursive: bool = True

    def act(self) -> dict[str, Any]:
        """As `batches.DeleteFolders` takes it. Raises Refusal for a path that is none."""
        return {
            "folderPath": folder(self.folder_path),
            "deleteFiles": self.delete_files,
            "deleteVirtualFolders": self.delete_virtual_folders,
            "recursive": self.recursive,
        }


class Change(Body):
    """`UpdatableField...`: with `set` the field becomes `value`, or is taken away where there is none."""

    will_set: bool = Field(alias="set")
    value: Any = None


class PatchFolderSettings(Body):
    description: Change | None = None
    public_permissions: Change | None = None
    storage_layer: Change | None = None


class PutFolder(Body):
    """`PutFolderRequest`."""

    folder_path: str
    allow_unnamed_folder: bool = False
    folder_settings: PatchFolderSettings | None = None

    def path(self) -> str:
        """Raises Refusal: a path that is none, or of a folder without a name, which no path of a file can be in."""
        if self.folder_path.endswith("/") and self.folder_path != "/":
            message = "folderPath must not end with /: no path of a file here has an empty part"
            raise Refusal("invalid", message, code="invalid_file_path")
        return folder(self.folder_path)

    def changes(self) -> dict[str, Any]:
        """As `Folders.put` takes them. Raises Refusal for a setting that no folder can have here."""
        settings = self.folder_settings or PatchFolderSettings()
        asked = {to_camel(name): change for name, change in settings if change is not None}
        changes = {name: change.value for name, change in asked.items() if change.will_set}
        if changes.get("publicPermissions") is not None:
            raise _not_supported("publicPermissions of a single folder")
        if (layer := changes.get("storageLayer")) is not None and layer != INTERNAL_STORAGE:
            raise _not_supported("a storageLayer other than InternalStorageV2")
        told = changes.get("description")
        if told is not None and not (isinstance(told, str) and len(told) <= MAX_DESCRIPTION):
            message = f"description must be a text of at most {MAX_DESCRIPTION} characters"
            raise Refusal("invalid", message, code="invalid")
        return changes


class ListFolder(Body):
    """`ListFolderParams`, which come in the query."""

    folder_path: str
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] = ""
    dry_run: bool = False
    include_files: bool = True
    include_overridden_storage: bool = False
    include_physical_folders: bool = True
    include_virtual_folders: bool = True
    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    recursive: bool | None = None

    def all_below(self) -> bool:
        """As said; else as operations do it where they are tried, and as lists do it."""
        return self.dry_run if self.recursive is None else self.recursive


def _not_supported(what: str) -> Refusal:
    return Refusal("invalid", f"there is no {what} here", code="folder_setting_not_supported")


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
