"""Message codes: the only place where a number and its text are written.

Esri's sixteen step codes keep Esri's numbers and spelling ("Probing Video Klv" included). Ours start at 9001 and
a number is never given a second meaning:

- 9001-9099 steps of our own
- 9101-9199 notes: something was left out or done in another way, and why
- 9201-9299 warnings: the package is good, but a person should know
- 9301-9399 errors: the job (or the command) failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["step", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table. `text` is the message as it stands in the record, without details."""

    number: int
    text: str
    kind: Kind
    meaning: str

    @property
    def origin(self) -> Literal["esri", "ingest"]:
        return "ingest" if self.number >= 9001 else "esri"


def _step(number: int, text: str, meaning: str) -> Code:
    return Code(number, text, "step", meaning)


def _note(number: int, text: str, meaning: str) -> Code:
    return Code(number, text, "note", meaning)


def _warning(number: int, text: str, meaning: str) -> Code:
    return Code(number, text, "warning", meaning)


def _error(number: int, text: str, meaning: str) -> Code:
    return Code(number, text, "error", meaning)


STARTING_INGEST = _step(117, "Starting Ingest", "The source was opened and the tools were found.")
PROBING_VIDEO_CODEC = _step(154, "Probing Video Codec", "The picture to use is chosen and measured.")
PROBING_AUDIO = _step(155, "Probing Audio", "The audio tracks are read; runs even where there are none.")
PROBING_VIDEO_KLV = _step(156, "Probing Video Klv", "Looks for KLV metadata streams.")
GENERATING_VIDEO_STREAM_INFO = _step(157, "Generating Video Stream Info", "Writes info/streams.json.")
GENERATING_VIDEO_INFO = _step(158, "Generating Video Info", "Writes info/video.json.")
TRANSCODING_WITH_GPU = _step(159, "Transcoding with GPU", "A hardware encoder makes the renditions.")
EXTRACTING_KLV_METADATA = _step(160, "Extracting KLV Metadata", "KLV metadata is decoded into telemetry/.")
GENERATING_HLS = _step(161, "Generating HLS Service Files", "Segments and media playlists.")
GENERATING_POSTER = _step(174, "Generating Poster Image", "Chooses poster.jpg among candidates.")
GENERATING_PREVIEWS = _step(182, "Generating Preview Images", "Sprite sheets, previews.vtt, preview.json.")
GENERATING_ABR_INFO = _step(162, "Generating ABR Info Files", "ABR.m3u8, manifest.mpd and info/abr.json.")
REMOVING_TEMPORARY_FILES = _step(
    163, "Removing Temporary Files", "Intermediate files go, the last ones as the package is published."
)
VIDEO_FILES_CREATED = _step(205, "Video Files Created", "The package is published in the output folder.")
SAVING_TO_STORAGE = _step(206, "Saving To Storage", "The package is copied to a storage that was asked for.")
INGEST_COMPLETE = _step(118, "Ingest Complete", "Everything asked for is there.")

TRANSCODING_WITH_CPU = _step(9001, "Transcoding with CPU", "Software encoders make the renditions.")
PLANNING_RESOLUTIONS = _step(9002, "Planning Resolutions", "Decides what will be made, before anything runs.")
VERIFYING_PACKAGE = _step(9003, "Verifying Package", "Reads the package back and measures it.")
COPYING = _step(9004, "Copying", "Renditions that the source already is are taken over without encoding.")
GENERATING_SUBTITLES = _step(9010, "Generating Subtitles", "Text tracks become WebVTT renditions in text/.")
GENERATING_CHAPTERS = _step(9011, "Generating Chapters", "Writes info/chapters.json and text/chapters.vtt.")
GENERATING_KLV_CUES = _step(9020, "Generating KLV Cues", "KLV sets become a WebVTT rendition in telemetry/.")
GENERATING_MP4 = _step(9013, "Generating MP4 Files", "Each rendition with its sound in one file, in mp4/.")
GENERATING_THUMBNAILS = _step(
    9014,
    "Generating Thumbnails",
    "Sets of pictures that were asked for, and an archive of each, in thumbnails/.",
)
MEASURING_QUALITY = _step(9012, "Measuring Quality", "Scores each rendition against the source.")

RESOLUTION_LEFT_OUT = _note(9101, "Resolution Left Out", "It is above the source; nothing is ever upscaled.")
MADE_AT_SOURCE_SIZE = _note(
    9102, "Made At Source Size", "The source is smaller than the resolution asked for."
)
NO_AUDIO_FOUND = _note(9103, "No Audio Found", "The package has no audio rendition.")
NO_KLV_FOUND = _note(9104, "No KLV Metadata Found", "Step 160 does not apply.")
KLV_NOT_EXTRACTED = _note(
    9105, "KLV Metadata Found But Not Extracted", "The stream is there and cannot be read; why."
)
KLV_FOUND = _note(
    9141, "KLV Metadata Found", "A stream: its carriage, its standard and how many sets it has."
)
KEPT_IN_OUTPUT_FOLDER = _note(
    9106, "Kept In Output Folder", "No other storage was asked for; step 206 does not apply."
)
STREAM_LEFT_OUT = _note(9107, "Stream Left Out", "A stream of the source is not carried into the package.")
FRAME_RATE_REDUCED = _note(
    9108, "Frame Rate Reduced", "The source has more pictures a second than the presets allow; from and to."
)
SDR_ADDED = _note(
    9110, "SDR Renditions Added", "Where there is HDR there must be SDR: H.264 is made as well."
)
HDR_NOT_KEPT = _note(9111, "HDR Not Kept", "--hdr keep was asked for and SDR is made; why.")
FIELDS_HANDLED = _note(
    9118, "Interlaced Source", "Its fields are not what is usual or flagged; what was done with them."
)
PICTURE_HELD = _note(9119, "Picture Held", "The only picture stays on the screen while the sound goes on.")
SUBTITLES_MADE = _note(
    9129, "Subtitles Made", "A text rendition, how many cues it has and of what it is made."
)
SUBTITLES_EMPTY = _note(9130, "Subtitles Empty", "A text track shows nothing in this film; it is left out.")
CODEC_LEFT_OUT = _note(9112, "Codec Left Out", "Its encoder does not take pictures so small.")

ENCODED_IN_CHUNKS = _note(
    9150, "Encoded In Chunks", "A long film's picture was made in pieces and joined; how many."
)
ENCODED_IN_ONE_PIECE = _note(
    9151,
    "Encoded In One Piece",
    "A long film that cannot be cut exactly; why. It cannot be resumed half-way.",
)
WORK_TAKEN_UP = _note(
    9152, "Work Taken Up", "An earlier run of the same job was stopped; what it had encoded is used."
)

TAKEN_OVER = _note(
    9155, "Rendition Taken Over", "It is as it would be made again, in the package that is replaced."
)
TRIMMED = _note(9160, "Trimmed", "A part of the film alone was asked for; which.")
RESUMED = _note(9153, "Ingest Resumed", "A new run of the same job goes on where the last one stopped.")
CAN_BE_RESUMED = _note(
    9154, "Can Be Resumed", "What is encoded was kept; the command that goes on from there."
)

SOURCE_FETCHED = _note(
    9157, "Source Fetched", "It was downloaded before the job began; bytes, and from which host."
)

AUDIO_CHANNELS_ASSUMED = _note(
    9125,
    "Audio Channels Assumed",
    "The source does not say where its channels belong; what they are taken for.",
)
AUDIO_SILENT = _note(9126, "Audio Silent", "A track has no sound in it from beginning to end.")
NO_DASH_MANIFEST = _note(9115, "No DASH Manifest Made", "Transport streams are for HLS alone.")
NOT_COPIED = _note(
    9145,
    "Not Copied",
    "The source's picture would do as a rendition, but how it lies in the file does not; why.",
)
SOUND_COPIED = _note(
    9146, "Sound Copied", "An audio rendition has the source's own packets beside a copied picture."
)
SOUND_NOT_COPIED = _note(
    9147, "Sound Not Copied", "An audio rendition beside a copied picture is encoded; why."
)
QUALITY_NOT_MEASURED = _note(
    9133, "Quality Not Measured", "VMAF has no model for the dynamic range of this rendition."
)
KLV_KEPT = _note(9142, "KLV Kept In Segments", "Transport streams carry the sets themselves; how many.")

NOT_FULLY_CONFINED = _warning(
    9201, "Programs Not Fully Confined", "The kernel lacks a protection; what and why."
)
SOURCE_DAMAGED = _warning(9202, "Source Damaged", "Part of the picture could not be read; how much.")
SOURCE_MISDECLARED = _warning(
    9203, "Source Misdeclared", "The container says something its media does not show."
)
AUDIO_TRIMMED = _warning(9204, "Audio Trimmed To Picture", "Sound before or after the picture was left out.")
COLOUR_NOT_CONVERTED = _warning(
    9205, "Colour Not Converted", "This ffmpeg cannot bring its colours to BT.709."
)
GPU_NOT_USED = _warning(
    9206,
    "GPU Not Used",
    "A hardware encoder was asked for and did not work, or software had begun the work already.",
)
PREVIOUS_PACKAGE_KEPT = _warning(
    9207, "Previous Package Kept", "The forced run failed; the old package still stands."
)
STORE_NOT_WRITTEN = _warning(
    9208, "Job Store Not Written", "The job is not in the store; job.json has it all."
)
GPU_FAILED = _warning(
    9210, "GPU Failed", "A hardware encoder stopped working; software began again and made everything."
)
PICTURE_SIZE_CHANGES = _warning(
    9218, "Picture Size Changes", "Later pictures are fitted into the first one's size, their rest is black."
)
COLOUR_UNCERTAIN = _warning(9220, "Colours Uncertain", "They cannot be known or decoded; what was made.")
PICTURE_ASPECT_CHANGES = _warning(
    9219,
    "Picture Aspect Changes",
    "Later pictures are shown with the first one's aspect: they are distorted.",
)
CLOCK_JUMPS = _warning(
    9222, "Source Clock Jumps", "Its clock begins anew in the middle; the parts are joined."
)
PICTURES_DAMAGED = _warning(9223, "Pictures Damaged", "They were decoded with faults; how many, and where.")
SOUND_DAMAGED = _warning(
    9224, "Sound Damaged", "Packets of sound could not be decoded; silence is in their place."
)
SOUND_ELSEWHERE = _warning(
    9225, "Sound Goes On Elsewhere", "In another stream, which is another rendition; when and how long."
)
SUBTITLES_LEFT_OUT = _warning(9229, "Subtitles Left Out", "Subtitles that are pictures, or cannot be read.")
SUBTITLES_SHORTENED = _warning(9230, "Subtitles Shortened", "Text beyond the stated limits was left out.")
SUBTITLES_CHARSET = _warning(
    9231, "Subtitles Charset Assumed", "Text that is not UTF-8; what it is taken for."
)
KLV_DAMAGED = _warning(9241, "KLV Metadata Damaged", "Sets that are bad or cut were skipped; how many.")
LOUDNESS_NOT_REACHED = _warning(
    9226, "Loudness Not Reached", "The true peak leaves no room for the gain; how much is missing."
)

USAGE = _error(9301, "Wrong Usage", "The command's arguments do not fit together.")
UNKNOWN_RESOLUTION = _error(9302, "Unknown Resolution", "No preset has this name.")
PRESET_INVALID = _error(9303, "Preset Invalid", "A preset file has an unknown key or an impossible value.")
SOURCE_NOT_FOUND = _error(9304, "Source Not Found", "There is no such file.")
SOURCE_NOT_READABLE = _error(
    9305, "Source Not Readable", "The file may not be read, or is not a regular file."
)
SOURCE_NOT_MEDIA = _error(
    9306, "Source Not A Video File", "Empty, not a known container, or cut short before its index."
)
SOURCE_HAS_NO_VIDEO = _error(9307, "Source Has No Video", "Only sound, a single picture, or data.")
SOURCE_OVER_LIMIT = _error(
    9308, "Source Over Limit", "Pixels, streams or length are above the stated limits."
)
SOURCE_CHANGED = _error(9309, "Source Changed", "The file changed while it was read.")
OUTPUT_NOT_WRITABLE = _error(9310, "Output Not Writable", "The output folder cannot be made or written.")
OUTPUT_NOT_OURS = _error(9311, "Output Folder Not Ours", "It holds files that ingest did not make.")
OUTPUT_EXISTS = _error(9312, "Output Exists", "A finished package is there; --force replaces it.")
OUTPUT_IS_SOURCE = _error(9313, "Output Is Source", "The output folder is the source, or holds its name.")
OUTPUT_BUSY = _error(9314, "Output Busy", "Another run holds the output folder.")
TOOL_MISSING = _error(9315, "Tool Missing", "ffmpeg, ffprobe or the packager is not there or does not start.")
TOOL_TOO_OLD = _error(9316, "Tool Too Old", "The tool's version is below what is needed.")
DISK_FULL = _error(9317, "Disk Full", "No space left for the work or the package.")
TRANSCODING_FAILED = _error(9318, "Transcoding Failed", "The encoder ended with an error.")
TOOL_KILLED = _error(9319, "Tool Killed", "A program was killed from outside or by a limit.")
TOOL_STALLED = _error(9320, "Tool Stalled", "A program made no progress for too long and was ended.")
PACKAGING_FAILED = _error(9321, "Packaging Failed", "The packager ended with an error.")
VERIFICATION_FAILED = _error(9322, "Verification Failed", "The package is not what the plan says.")
CANCELLED = _error(9323, "Cancelled", "Stopped by a signal or by a person.")
INTERNAL = _error(9324, "Internal Error", "A fault of ingest itself; please report it.")
JOB_NOT_FOUND = _error(9325, "Job Not Found", "The job store has no job of this id.")
NOT_A_PACKAGE = _error(9326, "Not A Package", "The folder holds no master playlist to verify.")
SOURCE_TOO_DAMAGED = _error(
    9328, "Source Too Damaged", "More than 1 % or 2 s is lost; --allow-damage takes it."
)
SOURCE_ENCRYPTED = _error(
    9329, "Source Encrypted", "Its picture or sound is (DRM); it has no key that could be used."
)
STORE_UNUSABLE = _error(9327, "Job Store Unusable", "The job store's database cannot be opened.")
JOB_NOT_CANCELLABLE = _error(
    9340, "Job Not Cancellable", "It has ended, or another machine runs it; nothing was done."
)
JOB_NOT_STOPPED = _error(9341, "Job Not Stopped", "It was asked to stop and has not done so in time.")
KLV_MISSING = _error(9344, "No KLV Metadata", "The file holds no KLV set that is whole.")
COPY_IMPOSSIBLE = _error(
    9342, "Copying Impossible", "--copy require was given, and the source is no rendition; why."
)
COPYING_FAILED = _error(9343, "Copying Failed", "The source's packets could not be taken over.")
JOB_NOT_RESUMABLE = _error(
    9355, "Job Cannot Be Resumed", "It is complete, or its record does not say what was asked for."
)
KEY_NOT_FOUND = _error(9370, "API Key Not Found", "The job server has no key of this id or name.")
LOGO_UNUSABLE = _error(9371, "Logo Unusable", "The file of a logo is no PNG, JPEG or WebP within the limits.")
QUALITY_UNAVAILABLE = _error(9348, "Quality Cannot Be Measured", "This ffmpeg has no libvmaf filter.")
QUALITY_FAILED = _error(9349, "Quality Measurement Failed", "The measuring program ended with an error.")
OUT_OF_MEMORY = _error(9356, "Out Of Memory", "A program needed more memory than it may have.")

SOURCE_NOT_ALLOWED = _error(
    9360, "Source Not Allowed", "It is outside the folders, or of another kind, that the server may read."
)
JOB_NOT_CHANGEABLE = _error(
    9361, "Job Cannot Be Changed", "It is not a draft (any more), or not one that can be tried again."
)
TIME_LIMIT = _error(9362, "Time Limit Reached", "The job ran as long as it was allowed to, and was ended.")
SOURCE_NOT_FETCHED = _error(9363, "Source Not Fetched", "The source could not be downloaded; why.")
ADDRESS_UNUSABLE = _error(9364, "Address Unusable", "The server cannot listen there; why.")
PROCESS_DIED = _error(9365, "Process Died", "The job's process ended again and again without a word.")


ALL: tuple[Code, ...] = tuple(
    sorted((c for c in globals().values() if isinstance(c, Code)), key=lambda c: c.number)
)
BY_NUMBER: dict[int, Code] = {c.number: c for c in ALL}
