"""What programs may open and decode: containers only, no playlists, scripts, text, pictures or networks.

The names are libavformat's demuxers and libavcodec's decoders. Reason: a file is named by a stranger, and many
of ffmpeg's demuxers open other files or URLs that the file names (HLS, DASH, concat, SDP, SVG).
"""

from __future__ import annotations

PROTOCOLS = ("file",)

DEMUXERS = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "mpegts", "mpeg", "avi", "asf", "flv"),
    *("ogg", "mxf", "mpegvideo", "h264", "hevc", "gif", "dv"),
    *("ivf", "yuv4mpegpipe", "nut", "rm", "gxf", "wtv", "nsv"),
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
    *("jpeg2000", "vc1", "wmv1", "wmv2", "wmv3", "msmpeg4v1", "msmpeg4", "msmpeg4v2", "theora"),
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
    *("8bps", "v308", "v408", "v410", "y41p", "yuv4", "msrle", "camtasia", "zmbv", "snow", "vvc", "vp3"),
    *("dirac", "indeo4", "indeo5", "lagarith", "magicyuv", "mss1", "mss2", "tscc2", "speedhq", "aic", "dxv"),
    # Screens and games, editing, and what is older.
    *("fraps", "dxtory", "camstudio", "flashsv", "flashsv2", "zlib", "mszh", "aasc", "g2m", "scpr"),
    *("screenpresso", "tdsc", "rscc", "wcmv", "vmnc"),
    *("hq_hqa", "hqx", "r10k", "sheervideo", "cllc", "vble", "ylc", "hymt", "notchlc", "pixlet"),
    *("prores_raw", "apv", "avui", "media100", "v210x", "012v", "jpegls", "cljr"),
    *("rv10", "rv20", "rv30", "rv40", "vp4", "vp5", "vp7", "indeo2", "asv1", "asv2", "cavs"),
    *("truemotion1", "truemotion2"),
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
    *(
        "real_144",
        "real_288",
        "cook",
        "atrac3",
        "atrac3plus",
        "qdm2",
        "qdmc",
        "mace3",
        "mace6",
        "adpcm_ima_amv",
    ),
    *("adpcm_yamaha", "g722", "g726", "g726le", "gsm", "tta", "wavpack", "ape", "als", "wmavoice", "ilbc"),
    *("pcm_s16le_planar", "pcm_s24le_planar", "pcm_s32le_planar", "pcm_s16be_planar", "pcm_s8_planar"),
    *("pcm_u16le", "pcm_u16be", "pcm_u24le", "pcm_u24be", "pcm_u32le", "pcm_u32be", "pcm_s24daud", "dvaudio"),
    *(
        "pcm_s64le",
        "pcm_s64be",
        "pcm_f16le",
        "pcm_f24le",
        "qcelp",
        "evrc",
        "mp3on4",
        "mp3on4float",
        "dolby_e",
    ),
    *("nellymoser", "speex", "gsm_ms", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le"),
    *("pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_u8", "pcm_s8", "pcm_alaw"),
    *("pcm_mulaw", "pcm_bluray", "pcm_dvd", "s302m"),
)

SUBTITLE_DECODERS = (
    *("mov_text", "srt", "subrip", "ass", "ssa", "webvtt", "text", "dvbsub", "dvdsub", "pgssub", "xsub"),
    "cc_dec",
)

# ffprobe opens a decoder for every stream that it lists, and gives the file up when it may not. These it may open
# for that, by kind; no packet is decoded with them, and what they are for is left out of the package.
LISTED_VIDEO = (
    *("rv60", "bmp", "tiff", "targa", "webp", "qoi", "sgi", "cyuv", "dpx", "exr", "dds", "fic"),
    *("flic", "frwu", "aura", "aura2", "avrn", "avrp", "bitpacked", "clearvideo", "cri", "fmvc"),
    *("gem", "imm4", "imm5", "kgv1", "loco", "m101", "mimic", "mobiclip", "msp2", "mvc1", "mvc2"),
    *("mwsc", "mxpeg", "nuv", "prosumer", "qdraw", "qpeg", "rasc", "smvjpeg", "sp5x", "srgc"),
    *("truemotion2rt", "ultimotion", "vb", "vc1image", "vcr1", "wmv3image", "wnv1", "xan_wc4", "xl"),
    *("xpm", "xwd", "zerocodec", "4xm", "pbm", "pgm", "ppm"),
)
LISTED_AUDIO = (
    *("acelp.kelvin", "adpcm_4xm", "adpcm_adx", "adpcm_ct", "adpcm_ea", "adpcm_g722", "adpcm_ima_acorn"),
    *("adpcm_ima_dk3", "adpcm_ima_dk4", "adpcm_ima_oki", "adpcm_ima_pda", "adpcm_ima_rad", "adpcm_ima_ssi"),
    *("adpcm_ima_ws", "adpcm_ima_xbox", "adpcm_sanyo", "adpcm_sbpro_2", "adpcm_sbpro_3", "adpcm_sbpro_4"),
    *(
        "adpcm_thp",
        "adpcm_xa",
        "adpcm_zork",
        "aptx",
        "aptx_hd",
        "atrac1",
        "atrac3al",
        "atrac3plusal",
        "atrac9",
    ),
    *(
        "dsd_lsbf",
        "dsd_lsbf_planar",
        "dsd_msbf",
        "dsd_msbf_planar",
        "dst",
        "ftr",
        "g723_1",
        "g729",
        "iac",
        "imc",
    ),
    *("metasound", "misc4", "mp3adu", "mp3adufloat", "mpc7", "mpc8", "msnsiren", "on2avc", "osq", "pcm_lxf"),
    *("pcm_vidc", "qoa", "ralf", "rka", "sbc", "shorten", "sipr", "siren", "tak", "truespeech", "twinvq"),
    *("wavarc", "westwood_snd1", "ws_snd1", "xma1", "xma2", "comfortnoise", "bonk", "dfpwm"),
)
LISTED_SUBTITLES = (
    *("jacosub", "microdvd", "mpl2", "pjs", "realtext", "sami", "stl", "subviewer", "subviewer1", "vplayer"),
)

# Codecs whose name, as ffprobe prints it, is not that of the decoder.
_DECODER_OF = dict(
    [
        *(("dts", "dca"), ("amr_nb", "amrnb"), ("amr_wb", "amrwb"), ("ra_144", "real_144")),
        *(("ra_288", "real_288"), ("atrac3p", "atrac3plus"), ("mp4als", "als"), ("adpcm_g722", "g722")),
        *(("adpcm_g726", "g726"), ("adpcm_g726le", "g726le"), ("flv1", "flv"), ("msmpeg4v3", "msmpeg4")),
        *(("tscc", "camtasia"), ("cscd", "camstudio")),
    ]
)


def accepted(codec: str, decoders: tuple[str, ...]) -> bool:
    """Whether `codec` (as ffprobe prints it) is decoded by one of `decoders`."""
    return _DECODER_OF.get(codec, codec) in decoders


FORMAT_WHITELIST = ",".join(DEMUXERS)
PROTOCOL_WHITELIST = ",".join(PROTOCOLS)
CODEC_WHITELIST = ",".join((*VIDEO_DECODERS, *AUDIO_DECODERS, *SUBTITLE_DECODERS))
# What ffprobe may open, by stream specifier, so as to list the streams; demuxers obey the whitelist above.
LISTING: dict[str, str] = {
    "v": ",".join((*VIDEO_DECODERS, *LISTED_VIDEO)),
    "a": ",".join((*AUDIO_DECODERS, *LISTED_AUDIO)),
    "s": ",".join((*SUBTITLE_DECODERS, *LISTED_SUBTITLES)),
}
