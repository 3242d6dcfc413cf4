"""What Xvid's clients send, checked. What cannot be done here is refused, never passed over.

Keys whose documented value is "nothing" may be sent with that value.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from ingest.media.logo_choice import MOST_LOGOS
from ingest.server.dialects.xvid.ids import MOST_OUTPUTS, MOST_THUMBNAILS
from ingest.server.dialects.xvid.presets import (
    AAC,
    CONTAINER,
    H264,
    invalid,
    logo_place,
    thumbnail_size,
)
from ingest.server.refusals import Refusal
from ingest.server.routing import words_of

GOP = 2  # seconds between the key pictures of all that `preset_text` writes
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=4000)]
Side = Annotated[int, Field(ge=16, le=4096)]
Part = Annotated[int | float, Field(gt=0, le=1_000_000)] | Annotated[str, StringConstraints(max_length=12)]
Off = Literal[False, "off"] | None
Checked = TypeVar("Checked", bound=BaseModel)


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reference(Body):
    """`{id}`; `href` may stand beside it, as in our answers."""

    id: Id
    href: str | None = None


class Codec(Body):
    """By its id, or by a name."""

    id: str | None = None
    name: str | None = None
    href: str | None = None


# -- presets --


class Caps(Body):
    """Rates in kbit/s, sizes in pixels, the distance of key pictures in seconds. We encode with one reference."""

    interlaced: Literal[False] | None = None
    max_key_distance: Annotated[float, Field(ge=GOP)] | None = None
    max_width: Side | None = None
    max_height: Side | None = None
    max_framerate: Annotated[float, Field(ge=1, le=1000)] | None = None
    max_bitrate: Annotated[int, Field(ge=32, le=240_000)] | None = None
    max_ref_frames: Annotated[int, Field(ge=1, le=16)] | None = None
    max_buffersize: Annotated[int, Field(ge=16, le=240_000)] | None = None


class SoundCaps(Body):
    """The sound is AAC-LC in stereo, of 16 bits, at 48 kHz at most."""

    max_bitdepth: Annotated[int, Field(ge=16)] | None = None
    max_channels: Annotated[int, Field(ge=2)] | None = None
    max_samplingrate: Annotated[int, Field(ge=48_000)] | None = None
    max_bitrate: Annotated[int, Field(ge=32, le=512)] | None = None


class VideoCodec(Body):
    codec: Codec = Codec()
    profile: Literal["Baseline", "Main", "High"] = "High"
    passes: Annotated[int, Field(ge=1, le=2)] = 1
    caps: Caps = Caps()

    @field_validator("codec")
    @classmethod
    def _h264(cls, value: Codec) -> Codec:
        return _one_of(value, H264, "h264")


class AudioCodec(Body):
    codec: Codec = Codec()
    profile: Literal["LC"] = "LC"
    passes: Annotated[int, Field(ge=1, le=2)] = 1
    caps: SoundCaps = SoundCaps()

    @field_validator("codec")
    @classmethod
    def _aac(cls, value: Codec) -> Codec:
        return _one_of(value, AAC, "aac")


class TargetFormat(Body):
    """At least one codec must be named; the other is there all the same, where the source has its kind."""

    extension: Literal["mp4"] | None = None
    container: Literal["mp4"]
    vcodec: VideoCodec = VideoCodec()
    acodec: AudioCodec = AudioCodec()

    @model_validator(mode="after")
    def _some_codec(self) -> "TargetFormat":
        if not self.model_fields_set & {"vcodec", "acodec"}:
            raise ValueError("at least one of vcodec and acodec is needed")
        return self


class PresetSettings(Body):
    subtitle_policy: Literal["ignore"] = "ignore"


class PresetBody(Body):
    name: Name
    description: Text
    target_format: TargetFormat
    settings: PresetSettings | None = None

    def document(self) -> dict[str, Any]:
        """As it is kept and shown: with the codecs that it stands for."""
        said = self.model_dump(mode="json")
        target = said["target_format"]
        target["extension"] = target["extension"] or CONTAINER
        target["vcodec"]["codec"], target["acodec"]["codec"] = dict(H264), dict(AAC)
        return {"type": "custom", **said}


class PresetIn(Body):
    preset: PresetBody


# -- pipelines --


class PingUrls(Body):
    """`warning` is kept and never called: warnings stand in the record of the job."""

    error: Text | None = None
    warning: Text | None = None
    started: Text | None = None
    finished: Text | None = None


class DownloadOptions(Body):
    auto_convert_input: Off = None
    https_certificate_check: Literal[True, "on"] | None = None


class UploadOptions(Body):
    s3_allow_read: Off = None
    s3_reduced_redundancy: Off = None


class StoreOptions(Body):
    mode: None = None


class PipelineBody(Body):
    """Inputs are files of the account, or below an https address; outputs stay here."""

    name: Name
    description: Text | None = None
    default_object_timeout: Literal[0] | None = None
    cancel_timeout: Literal[0] | None = None
    enable_backtrace_pings: Literal[False] | None = None
    input_download_dir: Text | None = None
    output_upload_dir: None = None
    image_download_dir: Text | None = None
    image_upload_dir: None = None
    download_options: DownloadOptions | None = None
    upload_options: UploadOptions | None = None
    store_options: StoreOptions | None = None
    ping_urls: PingUrls | None = None

    @field_validator("output_upload_dir", "image_upload_dir", mode="before")
    @classmethod
    def _nowhere(cls, value: object) -> object:
        if value is not None:
            raise ValueError("outputs stay on this server; nothing is uploaded")
        return value

    @field_validator("input_download_dir", "image_download_dir")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("only http and https addresses are read from")
        return value


class PipelineIn(Body):
    pipeline: PipelineBody


# -- jobs --


class Input(Body):
    """`file` names a file that is here already; else `input_name` does, or says where it is."""

    input_name: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None
    file: Reference | None = None
    start_time: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None
    force_container: None = None
    force_aspect_ratio: None = None
    force_framerate: None = None
    force_interlaced: None = None
    framerate: None = None
    interlaced: None = None


class Thumbnails(Body):
    thumbnail_names: Name = "thumb_{resolution}"
    thumbnail_preset: Name = "thumbnails_small"

    @field_validator("thumbnail_preset")
    @classmethod
    def _known(cls, value: str) -> str:
        return _said_well(thumbnail_size, value)


class VideoSettings(Body):
    width: Part | None = None
    height: Part | None = None
    bitrate: Part | None = None


class AudioSettings(Body):
    bitrate: Part | None = None


class Settings(Body):
    """A job's own values over those of the preset: numbers (pixels, kbit/s) or percentages of the preset's."""

    video: VideoSettings | None = None
    audio: AudioSettings | None = None

    @property
    def said(self) -> bool:
        """Whether anything is."""
        return any(self.model_dump(exclude_none=True).values())


class Logo(Body):
    """`logo_image` is an address, or the path of a file of the account."""

    logo_image: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    logo_preset: Name

    @field_validator("logo_preset")
    @classmethod
    def _known(cls, value: str) -> str:
        return _said_well(logo_place, value)


class Output(Body):
    preset: Reference
    output_name: Name | None = None
    thumbnails: Annotated[list[Thumbnails], Field(max_length=MOST_THUMBNAILS)] = []
    thumbnail_zip: bool | dict[str, Any] | None = None
    logos: Annotated[list[Logo], Field(max_length=MOST_LOGOS)] | None = None
    settings: Settings | None = None

    @field_validator("thumbnails", mode="before")
    @classmethod
    def _some(cls, value: object) -> object:
        return [] if value is None else value


class Autograph(Body):
    watermark_strength: Text | None = None


class JobSettings(Body):
    """What a template may hold: a job without the name of its input."""

    pipeline: Reference | None = None
    pipeline_id: Id | None = None
    autograph: Autograph | None = None
    user_data: Text | None = None
    output_prefix: Annotated[str, StringConstraints(max_length=200)] | None = None
    outputs: Annotated[list[Output], Field(max_length=MOST_OUTPUTS)] = []


class JobBody(JobSettings):
    """`template` is ours: its job_settings stand for what is not said here."""

    input: Input
    template: Reference | None = None
    unique_custom_key: Name | None = None


class JobIn(Body):
    job: JobBody


class TemplateSettings(JobSettings):
    input: Input | None = None

    @field_validator("input")
    @classmethod
    def _no_name(cls, value: Input | None) -> Input | None:
        if value is not None and (value.input_name is not None or value.file is not None):
            raise ValueError("a template names no input")
        return value


class TemplateBody(Body):
    name: Name
    description: Text | None = None
    job_settings: TemplateSettings


class TemplateIn(Body):
    template: TemplateBody


def merged(document: Any, change: Any) -> Any:
    """A document after a change (RFC 7396): only the given keys change, and null takes one away."""
    if not isinstance(change, dict):
        return change
    kept = dict(document) if isinstance(document, dict) else {}
    for key, value in change.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = merged(kept.get(key), value)
    return kept


def checked(model: type[Checked], document: dict[str, Any]) -> Checked:
    """Raises Refusal `invalid`, naming the first fault; the value is not repeated."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
        raise invalid(f"{where}:", words_of(fault)) from None


def _said_well(reads: Callable[[str], object], value: str) -> str:
    """The value where it can be read; else what pydantic takes for a fault."""
    try:
        reads(value)
    except Refusal as refusal:
        raise ValueError(refusal.message) from None
    return value


def _one_of(said: Codec, known: dict[str, str], name: str) -> Codec:
    for value, ours in ((said.id, (known["id"], name)), (said.name, (known["name"], name))):
        if value is not None and value not in ours:
            raise ValueError(f"is {value[:40]!r}; {known['name']} ({known['id']}) is what can be made")
    return said
