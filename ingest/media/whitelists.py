"""What programs may open and decode: containers only, no playlists, scripts, text, pictures or networks.

The names are libavformat's demuxers and libavcodec's decoders. Reason: a file is named by a stranger, and many
of ffmpeg's demuxers open other files or URLs that the file names (HLS, DASH, concat, SDP, SVG).
"""

from __future__ import annotations

PROTOCOLS = ("file",)

DEMUXERS = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "mpegts", "mpeg", "avi", "asf", "flv"),
    *("ogg", "mxf", "mpegvideo", "h264", "hevc", "gif", "dv"),
)

VIDEO_DECODERS = (
    *(
        "h264",
        "hevc",
        "av1",
        "libdav1d",
        "libaom-av1",
        "vp8",
        "vp9",
        "libvpx-vp9",
        "mpeg1video",
        "mpeg2video",
    ),
    *("mpegvideo", "mpeg4", "h263", "h263i", "h263p", "h261", "prores", "dnxhd", "cfhd", "mjpeg", "mjpegb"),
    *("jpeg2000", "vc1", "wmv1", "wmv2", "wmv3", "msmpeg4v1", "msmpeg4", "msmpeg4v2", "msmpeg4v3", "theora"),
    *("ffv1", "flv", "vp6", "vp6a", "vp6f", "dvvideo", "gif", "huffyuv", "ffvhuff", "utvideo", "qtrle"),
    *(
        "svq1",
        "svq3",
        "cinepak",
        "rawvideo",
        "v210",
        "r210",
        "png",
        "hap",
        "rpza",
        "smc",
        "msvideo1",
        "indeo3",
    ),
    *("8bps", "v308", "v408", "v410", "y41p", "yuv4", "msrle", "tscc", "zmbv", "snow", "vvc"),
)

AUDIO_DECODERS = (
    *(
        "aac",
        "aac_fixed",
        "aac_latm",
        "ac3",
        "ac3_fixed",
        "eac3",
        "mp1",
        "mp1float",
        "mp2",
        "mp2float",
        "mp3",
    ),
    *("mp3float", "opus", "libopus", "vorbis", "flac", "alac", "dca", "truehd", "mlp", "wmav1", "wmav2"),
    *("wmapro", "wmalossless", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "amrnb", "amrwb"),
    *("ra_144", "ra_288", "cook", "atrac3", "atrac3p", "qdm2", "qdmc", "mace3", "mace6", "adpcm_ima_amv"),
    *("nellymoser", "speex", "gsm_ms", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le"),
    *("pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_u8", "pcm_s8", "pcm_alaw"),
    *("pcm_mulaw", "pcm_bluray", "pcm_dvd", "s302m"),
)

# ffprobe opens a decoder for every stream that it lists, and fails when one is not allowed.
SUBTITLE_DECODERS = (
    *(
        "mov_text",
        "srt",
        "subrip",
        "ass",
        "ssa",
        "webvtt",
        "text",
        "dvbsub",
        "dvdsub",
        "pgssub",
        "xsub",
        "cc_dec",
    ),
)

FORMAT_WHITELIST = ",".join(DEMUXERS)
PROTOCOL_WHITELIST = ",".join(PROTOCOLS)
CODEC_WHITELIST = ",".join((*VIDEO_DECODERS, *AUDIO_DECODERS, *SUBTITLE_DECODERS))
