"""Whole ffmpeg commands, word for word."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_facts import ALL_PRESETS, FHD, HD, SD, clip, constant, hdr10, portrait_vfr, track

from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.command.colour import PLANAR_YUV
from ingest.media.command.expressions import first_of_each, ratio, seconds
from ingest.media.command.loudness import source_arguments
from ingest.media.command.names import folders
from ingest.media.command.sound import cut_arguments
from ingest.media.facts import AudioFacts, Colour, Judged, Jump, Scan, Shape, VideoFacts
from ingest.media.plan import make_plan
from ingest.media.video_facts import audio_facts
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.presets import Preset

BT709 = "flags=bicubic:in_color_matrix=bt709:in_range=tv"
BT601 = "flags=bicubic:in_color_matrix=bt601:in_range=tv"
VIDEO = "out_color_matrix=bt709:out_range=tv"
JPEG = "out_color_matrix=bt601:out_range=pc"


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def graph(*filters: str) -> str:
    return ";".join(filters)


def fit(width: int, height: int, *, source: str = "0:0", first: int = 0) -> tuple[str, str]:
    """The filters that fit every picture into the first one's size, as the graph begins with them."""
    aspect = Fraction(width, height)
    wider = rf"(iw*if(between(sar\,0.05\,20)\,sar\,1)/ih)/({ratio(aspect)})"
    like = rf"between({wider}\,0.98\,1.02)"
    high = rf"if({like}+lte({wider}\,1)\,{height}\,max(1\,round({height}/({wider}))))"
    broad = rf"if({like}+gte({wider}\,1)\,{width}\,max(1\,round({width}*{wider})))"
    return (
        f"[{source}]scale=eval=frame:h={high}:w={broad}[s{first}]",
        f"[s{first}]pad={width}:{height}:-1:-1:eval=frame[s{first + 1}]",
    )


INPUT = (
    "/tools/ffmpeg",
    *("-codec_whitelist", CODEC_WHITELIST),
    "-copyts",
    *("-format_whitelist", FORMAT_WHITELIST),
    *("-max_pixels", "36000000"),
    *("-max_streams", "128"),
    "-noautorotate",
    *("-protocol_whitelist", PROTOCOL_WHITELIST),
    *("-reinit_filter:v", "0"),
    *("-i", "file:/proc/self/fd/7"),
)
GLOBAL = words(
    "-nostdin -hide_banner -v repeat+level+warning -nostats -progress pipe:1 -stats_period 1 "
    "-max_error_rate 1 -abort_on empty_output -y"
)


def arguments(video: VideoFacts, presets: tuple[Preset, ...], *audio: AudioFacts) -> tuple[str, ...]:
    plan = make_plan(video, audio, presets, preview_interval=Fraction(1), tile=(160, 90))
    return encode_arguments("/tools/ffmpeg", plan, EncodeInput("file:/proc/self/fd/7", 36_000_000, 128))


def foreman() -> VideoFacts:
    """352x288 at 25 pictures a second from 1.48 s on, colours not stated."""
    timing = constant(Fraction(25), 300, Fraction(1, 90_000), start=Fraction(37, 25))
    return clip(352, 288, timing=timing, bit_rate=530_661, colour=Colour())


def test_1080p30_in_three_rungs_with_stereo() -> None:
    assert arguments(clip(), (SD, HD, FHD), track(language="en")) == (
        *INPUT,
        "-filter_complex",
        graph(
            *fit(1920, 1080),
            "[s1]setpts=PTS-(0)[s2]",
            "[s2]settb=1/30[s3]",
            "[s3]split=7[s4][s5][s6][s7][s8][s9][s10]",
            f"[s4]scale=720:404:{BT709}:{VIDEO}[s11]",
            "[s11]format=yuv420p[s12]",
            "[s12]setsar=1[s13]",
            "[s13]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s14]",
            f"[s5]scale=1280:720:{BT709}:{VIDEO}[s15]",
            "[s15]format=yuv420p[s16]",
            "[s16]setsar=1[s17]",
            "[s17]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s18]",
            f"[s6]scale=1920:1080:{BT709}:{VIDEO}[s19]",
            "[s19]format=yuv420p[s20]",
            "[s20]setsar=1[s21]",
            "[s21]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s22]",
            r"[s7]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/0.833333)+1)*0.833333)[s23]",
            f"[s23]scale=1920:1080:{BT709}:{JPEG}[s24]",
            "[s24]format=yuvj420p[s25]",
            "[s25]setsar=1[s26]",
            r"[s8]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/1)+1)*1)[s27]",
            f"[s27]scale=160:90:{BT709}:{JPEG}[s28]",
            "[s28]format=yuvj420p[s29]",
            "[s29]setsar=1[s30]",
            r"[s9]select=not(mod(n\,60))[s31]",
            f"[s31]scale=32:18:{BT709}:{VIDEO}[s32]",
            "[s32]format=yuv420p[s33]",
            "[s33]extractplanes=y[s34]",
            r"[s10]select=lt(mod(n*2\,60)\,2)[s35]",
            f"[s35]scale=720:404:{BT709}:{VIDEO}[s36]",
            "[s36]format=yuv420p[s37]",
            "[s37]setsar=1[s38]",
            "[s38]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s39]",
        ),
        *words(
            """
            -map [s14] -f mp4 -a53cc 0 -bufsize 4000000 -c:v libx264 -crf 21.0 -enc_time_base 1/30 -flags:v
            +cgop -fps_mode passthrough -g 60 -keyint_min 60 -level:v 3.0 -map_chapters -1 -map_metadata -1
            -maxrate 2000000 -partitions i8x8,i4x4 -preset veryfast -profile:v high
            -rc-lookahead 20 -sc_threshold 0 -subq 3 -trellis 1 -video_track_timescale 15360
            rungs/sd.mp4
            """
        ),
        *words(
            """
            -map [s18] -f mp4 -a53cc 0 -bufsize 9000000 -c:v libx264 -crf 22.0 -enc_time_base 1/30 -flags:v
            +cgop -fps_mode passthrough -g 60 -keyint_min 60 -level:v 3.1 -map_chapters -1 -map_metadata -1
            -maxrate 4500000 -partitions i8x8,i4x4 -preset veryfast -profile:v high
            -rc-lookahead 20 -sc_threshold 0 -subq 3 -trellis 1 -video_track_timescale 15360
            rungs/hd.mp4
            """
        ),
        *words(
            """
            -map [s22] -f mp4 -a53cc 0 -bufsize 15600000 -c:v libx264 -crf 22.0 -enc_time_base 1/30 -flags:v
            +cgop -fps_mode passthrough -g 60 -keyint_min 60 -level:v 4.0 -map_chapters -1 -map_metadata -1
            -maxrate 7800000 -partitions i8x8,i4x4 -preset veryfast -profile:v high
            -rc-lookahead 20 -sc_threshold 0 -subq 3 -trellis 1 -video_track_timescale 15360
            rungs/fhd.mp4
            """
        ),
        *words(
            """
            -map [s26] -f image2 -c:v mjpeg -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1
            -map_metadata -1 -q:v 2 candidates/%d.jpg
            """
        ),
        *words(
            """
            -map [s30] -f image2 -c:v mjpeg -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1
            -map_metadata -1 -q:v 3 previews/%d.jpg
            """
        ),
        *words(
            """
            -map [s34] -f image2 -c:v pgm -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1 -map_metadata
            -1 reference/%d.pgm
            """
        ),
        *words(
            """
            -map [s39] -f mp4 -a53cc 0 -bf 0 -bsf:v setts=duration=max(DURATION\\,1) -c:v libx264
            -crf 29.0 -enc_time_base 1/30 -fps_mode passthrough -g 1 -level:v 3.0
            -map_chapters -1 -map_metadata -1 -preset veryfast -profile:v high -video_track_timescale 15360 trick.mp4
            """
        ),
        "-filter_complex",
        graph(
            "[0:1]asetpts=PTS-(0/1)/TB[g1s0]",
            "[g1s0]asplit=1[g1s1]",
            "[g1s1]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[g1s2]",
            "[g1s2]aformat=channel_layouts=stereo:sample_fmts=fltp[g1s3]",
            "[g1s3]apad=whole_len=480256[g1s4]",
            "[g1s4]atrim=end_sample=480256:start_sample=1024[g1s5]",
            "[g1s5]asetpts=PTS-STARTPTS[g1s6]",
            "[g1s6]ametadata=mode=delete[g1s7]",
            "[g1s7]ebur128=framelog=quiet:metadata=1:peak=true[g1s8]",
            "[g1s8]ametadata=file=loudness/en-stereo.I:key=lavfi.r128.I:mode=print[g1s9]",
            "[g1s9]ametadata=file=loudness/en-stereo.LRA:key=lavfi.r128.LRA:mode=print[g1s10]",
            "[g1s10]ametadata=file=loudness/en-stereo.true_peak:key=lavfi.r128.true_peak:mode=print[g1s11]",
            "[g1s11]asplit=2[g1s12][g1s13]",
            "[g1s13]aresample=12000[g1s14]",
            "[g1s14]asetnsamples=n=12000:p=0[g1s15]",
            "[g1s15]astats=measure_overall=RMS_level:measure_perchannel=none:metadata=1:reset=1[g1s16]",
            "[g1s16]ametadata=file=reference/0.txt:key=lavfi.astats.Overall.RMS_level:mode=print[g1s17]",
        ),
        *words(
            """
            -map [g1s12] -f mp4 -b:a 128000 -c:a aac -map_chapters -1 -map_metadata -1 -use_editlist 0
            audio/en-stereo.mp4
            """
        ),
        *words(
            """
            -map [g1s17] -f null -
            """
        ),
        *GLOBAL,
    )


def test_portrait_clip_on_uneven_times_with_mono() -> None:
    assert arguments(portrait_vfr(), (SD,), track(1, 1)) == (
        INPUT[0],
        *("-bsf:v", r"setts=pts=PTS:dts=if(eq(PTS\,NOPTS)\,DTS\,NOPTS)"),
        *INPUT[1:],
        "-filter_complex",
        graph(
            *fit(1376, 1840),
            r"[s1]setpts=if(isnan(PREV_OUTPTS)\,PTS-(15000)\,max(PTS-(15000)\,PREV_OUTPTS+1))[s2]",
            "[s2]split=5[s3][s4][s5][s6][s7]",
            f"[s3]scale=480:642:{BT709}:{VIDEO}[s8]",
            "[s8]format=yuv420p[s9]",
            "[s9]setsar=1[s10]",
            "[s10]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s11]",
            r"[s4]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/0.416667)+1)*0.416667)[s12]",
            f"[s12]scale=1376:1840:{BT709}:{JPEG}[s13]",
            "[s13]format=yuvj420p[s14]",
            "[s14]setsar=1[s15]",
            r"[s5]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/1)+1)*1)[s16]",
            f"[s16]scale=160:90:{BT709}:{JPEG}[s17]",
            "[s17]format=yuvj420p[s18]",
            "[s18]setsar=1[s19]",
            r"[s6]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/2)+1)*2)[s20]",
            f"[s20]scale=32:18:{BT709}:{VIDEO}[s21]",
            "[s21]format=yuv420p[s22]",
            "[s22]extractplanes=y[s23]",
            r"[s7]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/1)+1)*1)[s24]",
            f"[s24]scale=480:642:{BT709}:{VIDEO}[s25]",
            "[s25]format=yuv420p[s26]",
            "[s26]setsar=1[s27]",
            "[s27]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s28]",
        ),
        *words(
            """
            -map [s11] -f mp4 -a53cc 0 -bufsize 4000000 -c:v libx264 -crf 21.0 -enc_time_base 1/30000 -flags:v
            +cgop -force_key_frames
            expr:isnan(prev_forced_t)+gte(t+0.000001,(floor((prev_forced_t+0.000001)/2)+1)*2) -forced-idr 1
            -fps_mode passthrough -g 100000 -level:v 3.0 -map_chapters -1 -map_metadata -1 -maxrate 2000000
            -partitions i8x8,i4x4 -preset veryfast -profile:v high
            -rc-lookahead 20 -sc_threshold 0 -subq 3 -trellis 1 -video_track_timescale 30000 rungs/sd.mp4
            """
        ),
        *words(
            """
            -map [s15] -f image2 -c:v mjpeg -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1
            -map_metadata -1 -q:v 2 candidates/%d.jpg
            """
        ),
        *words(
            """
            -map [s19] -f image2 -c:v mjpeg -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1
            -map_metadata -1 -q:v 3 previews/%d.jpg
            """
        ),
        *words(
            """
            -map [s23] -f image2 -c:v pgm -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1 -map_metadata
            -1 reference/%d.pgm
            """
        ),
        *words(
            """
            -map [s28] -f mp4 -a53cc 0 -bf 0 -bsf:v setts=duration=max(DURATION\\,1) -c:v libx264
            -crf 29.0 -enc_time_base 1/30000 -fps_mode passthrough -g 1 -level:v 3.1
            -map_chapters -1 -map_metadata -1 -preset veryfast -profile:v high -video_track_timescale 30000 trick.mp4
            """
        ),
        "-filter_complex",
        graph(
            "[0:1]asetpts=PTS-(1/2)/TB[g1s0]",
            "[g1s0]asplit=1[g1s1]",
            "[g1s1]pan=stereo|FL<FL+FC+0.707107*BL+0.707107*SL|FR<FR+FC+0.707107*BR+0.707107*SR[g1s2]",
            "[g1s2]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[g1s3]",
            "[g1s3]aformat=channel_layouts=stereo:sample_fmts=fltp[g1s4]",
            "[g1s4]apad=whole_len=239616[g1s5]",
            "[g1s5]atrim=end_sample=239616:start_sample=1024[g1s6]",
            "[g1s6]asetpts=PTS-STARTPTS[g1s7]",
            "[g1s7]ametadata=mode=delete[g1s8]",
            "[g1s8]ebur128=framelog=quiet:metadata=1:peak=true[g1s9]",
            "[g1s9]ametadata=file=loudness/und-stereo.I:key=lavfi.r128.I:mode=print[g1s10]",
            "[g1s10]ametadata=file=loudness/und-stereo.LRA:key=lavfi.r128.LRA:mode=print[g1s11]",
            "[g1s11]ametadata=file=loudness/und-stereo.true_peak:key=lavfi.r128.true_peak:mode=print[g1s12]",
            "[g1s12]asplit=2[g1s13][g1s14]",
            "[g1s14]aresample=12000[g1s15]",
            "[g1s15]asetnsamples=n=12000:p=0[g1s16]",
            "[g1s16]astats=measure_overall=RMS_level:measure_perchannel=none:metadata=1:reset=1[g1s17]",
            "[g1s17]ametadata=file=reference/0.txt:key=lavfi.astats.Overall.RMS_level:mode=print[g1s18]",
        ),
        *words(
            """
            -map [g1s13] -f mp4 -b:a 128000 -c:a aac -map_chapters -1 -map_metadata -1 -use_editlist 0
            audio/und-stereo.mp4
            """
        ),
        *words(
            """
            -map [g1s18] -f null -
            """
        ),
        *GLOBAL,
    )


def test_hdr_with_surround_and_stereo() -> None:
    assert arguments(hdr10(), (HD,), track(1, 6, language="en"), track(2, language="de")) == (
        *INPUT,
        "-filter_complex",
        graph(
            "[0:0]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s0]",
            *fit(720, 1280, source="s0", first=1),
            "[s2]setpts=PTS-(0)[s3]",
            "[s3]settb=1001/30000[s4]",
            "[s4]sidedata=mode=delete:type=MASTERING_DISPLAY_METADATA[s5]",
            "[s5]sidedata=mode=delete:type=CONTENT_LIGHT_LEVEL[s6]",
            f"[s6]format={PLANAR_YUV}[s7]",
            "[s7]zscale=matrixin=bt2020nc:npl=203:primariesin=bt2020:rangein=limited:transfer=linear:transferin=smpte2084[s8]",
            "[s8]format=gbrpf32le[s9]",
            "[s9]zscale=primaries=bt709[s10]",
            "[s10]tonemap=desat=0:peak=49.26:tonemap=mobius[s11]",
            "[s11]zscale=matrix=bt709:range=limited:transfer=bt709[s12]",
            "[s12]format=yuv420p[s13]",
            "[s13]split=5[s14][s15][s16][s17][s18]",
            f"[s14]scale=720:1280:{BT709}:{VIDEO}[s19]",
            "[s19]format=yuv420p[s20]",
            "[s20]setsar=1[s21]",
            "[s21]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s22]",
            r"[s15]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/0.333667)+1)*0.333667)[s23]",
            f"[s23]scale=720:1280:{BT709}:{JPEG}[s24]",
            "[s24]format=yuvj420p[s25]",
            "[s25]setsar=1[s26]",
            r"[s16]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/1)+1)*1)[s27]",
            f"[s27]scale=160:90:{BT709}:{JPEG}[s28]",
            "[s28]format=yuvj420p[s29]",
            "[s29]setsar=1[s30]",
            r"[s17]select=not(mod(n\,60))[s31]",
            f"[s31]scale=32:18:{BT709}:{VIDEO}[s32]",
            "[s32]format=yuv420p[s33]",
            "[s33]extractplanes=y[s34]",
            r"[s18]select=lt(mod(n*2\,60)\,2)[s35]",
            f"[s35]scale=480:854:{BT709}:{VIDEO}[s36]",
            "[s36]format=yuv420p[s37]",
            "[s37]setsar=1[s38]",
            "[s38]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s39]",
        ),
        *words(
            """
            -map [s22] -f mp4 -a53cc 0 -bufsize 4000000 -c:v libx264 -crf 22.0 -enc_time_base 1001/30000
            -flags:v +cgop -fps_mode passthrough -g 60 -keyint_min 60 -level:v 3.1 -map_chapters -1
            -map_metadata -1 -maxrate 2000000 -partitions i8x8,i4x4 -preset veryfast -profile:v high
            -rc-lookahead 20 -sc_threshold 0 -subq 3 -trellis 1
            -video_track_timescale 30000 rungs/hd.mp4
            """
        ),
        *words(
            """
            -map [s26] -f image2 -c:v mjpeg -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1
            -map_metadata -1 -q:v 2 candidates/%d.jpg
            """
        ),
        *words(
            """
            -map [s30] -f image2 -c:v mjpeg -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1
            -map_metadata -1 -q:v 3 previews/%d.jpg
            """
        ),
        *words(
            """
            -map [s34] -f image2 -c:v pgm -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1 -map_metadata
            -1 reference/%d.pgm
            """
        ),
        *words(
            """
            -map [s39] -f mp4 -a53cc 0 -bf 0 -bsf:v setts=duration=max(DURATION\\,1) -c:v libx264
            -crf 30.0 -enc_time_base 1001/30000 -fps_mode passthrough -g 1 -level:v 3.1
            -map_chapters -1 -map_metadata -1 -preset veryfast -profile:v high -video_track_timescale 30000 trick.mp4
            """
        ),
        "-filter_complex",
        graph(
            "[0:1]asetpts=PTS-(0/1)/TB[g1s0]",
            "[g1s0]asplit=2[g1s1][g1s2]",
            "[g1s1]aresample=48000:async=96:first_pts=0:internal_sample_fmt=fltp:min_comp=0.002:min_hard_comp=0.01:out_sample_fmt=fltp[g1s3]",
            "[g1s3]aformat=channel_layouts=stereo:sample_fmts=fltp[g1s4]",
            "[g1s4]alimiter=latency=1:level=0:limit=0.891251[g1s5]",
            "[g1s5]apad=whole_len=192512[g1s6]",
            "[g1s6]atrim=end_sample=192512:start_sample=1024[g1s7]",
            "[g1s7]asetpts=PTS-STARTPTS[g1s8]",
            "[g1s8]ametadata=mode=delete[g1s9]",
            "[g1s9]ebur128=framelog=quiet:metadata=1:peak=true[g1s10]",
            "[g1s10]ametadata=file=loudness/en-stereo.I:key=lavfi.r128.I:mode=print[g1s11]",
            "[g1s11]ametadata=file=loudness/en-stereo.LRA:key=lavfi.r128.LRA:mode=print[g1s12]",
            "[g1s12]ametadata=file=loudness/en-stereo.true_peak:key=lavfi.r128.true_peak:mode=print[g1s13]",
            "[g1s13]asplit=2[g1s14][g1s15]",
            "[g1s15]aresample=12000[g1s16]",
            "[g1s16]asetnsamples=n=12000:p=0[g1s17]",
            "[g1s17]astats=measure_overall=RMS_level:measure_perchannel=none:metadata=1:reset=1[g1s18]",
            "[g1s18]ametadata=file=reference/0.txt:key=lavfi.astats.Overall.RMS_level:mode=print[g1s19]",
            "[g1s2]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[g1s20]",
            "[g1s20]aformat=channel_layouts=5.1:sample_fmts=fltp[g1s21]",
            "[g1s21]apad=whole_len=192512[g1s22]",
            "[g1s22]atrim=end_sample=192512:start_sample=1024[g1s23]",
            "[g1s23]asetpts=PTS-STARTPTS[g1s24]",
            "[g1s24]ametadata=mode=delete[g1s25]",
            "[g1s25]ebur128=framelog=quiet:metadata=1:peak=true[g1s26]",
            "[g1s26]ametadata=file=loudness/en-51.I:key=lavfi.r128.I:mode=print[g1s27]",
            "[g1s27]ametadata=file=loudness/en-51.LRA:key=lavfi.r128.LRA:mode=print[g1s28]",
            "[g1s28]ametadata=file=loudness/en-51.true_peak:key=lavfi.r128.true_peak:mode=print[g1s29]",
            "[g1s29]asplit=2[g1s30][g1s31]",
            "[g1s31]aresample=12000[g1s32]",
            "[g1s32]asetnsamples=n=12000:p=0[g1s33]",
            "[g1s33]astats=measure_overall=RMS_level:measure_perchannel=none:metadata=1:reset=1[g1s34]",
            "[g1s34]ametadata=file=reference/1.txt:key=lavfi.astats.Overall.RMS_level:mode=print[g1s35]",
        ),
        *words(
            """
            -map [g1s14] -f mp4 -b:a 128000 -c:a aac -map_chapters -1 -map_metadata -1 -use_editlist 0
            audio/en-stereo.mp4
            """
        ),
        *words(
            """
            -map [g1s19] -f null -
            """
        ),
        *words(
            """
            -map [g1s30] -f mp4 -b:a 320000 -c:a aac -map_chapters -1 -map_metadata -1 -use_editlist 0
            audio/en-51.mp4
            """
        ),
        *words(
            """
            -map [g1s35] -f null -
            """
        ),
        "-filter_complex",
        graph(
            "[0:2]asetpts=PTS-(0/1)/TB[g2s0]",
            "[g2s0]asplit=1[g2s1]",
            "[g2s1]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[g2s2]",
            "[g2s2]aformat=channel_layouts=stereo:sample_fmts=fltp[g2s3]",
            "[g2s3]apad=whole_len=192512[g2s4]",
            "[g2s4]atrim=end_sample=192512:start_sample=1024[g2s5]",
            "[g2s5]asetpts=PTS-STARTPTS[g2s6]",
            "[g2s6]ametadata=mode=delete[g2s7]",
            "[g2s7]ebur128=framelog=quiet:metadata=1:peak=true[g2s8]",
            "[g2s8]ametadata=file=loudness/de-stereo.I:key=lavfi.r128.I:mode=print[g2s9]",
            "[g2s9]ametadata=file=loudness/de-stereo.LRA:key=lavfi.r128.LRA:mode=print[g2s10]",
            "[g2s10]ametadata=file=loudness/de-stereo.true_peak:key=lavfi.r128.true_peak:mode=print[g2s11]",
            "[g2s11]asplit=2[g2s12][g2s13]",
            "[g2s13]aresample=12000[g2s14]",
            "[g2s14]asetnsamples=n=12000:p=0[g2s15]",
            "[g2s15]astats=measure_overall=RMS_level:measure_perchannel=none:metadata=1:reset=1[g2s16]",
            "[g2s16]ametadata=file=reference/2.txt:key=lavfi.astats.Overall.RMS_level:mode=print[g2s17]",
        ),
        *words(
            """
            -map [g2s12] -f mp4 -b:a 128000 -c:a aac -map_chapters -1 -map_metadata -1 -use_editlist 0
            audio/de-stereo.mp4
            """
        ),
        *words(
            """
            -map [g2s17] -f null -
            """
        ),
        *GLOBAL,
    )


def test_transport_stream_that_does_not_start_at_zero() -> None:
    assert arguments(foreman(), (SD,), track(1)) == (
        *INPUT,
        "-filter_complex",
        graph(
            *fit(352, 288),
            "[s1]setpts=PTS-(133200)[s2]",
            "[s2]settb=1/25[s3]",
            "[s3]split=5[s4][s5][s6][s7][s8]",
            f"[s4]scale=352:288:{BT601}:{VIDEO}[s9]",
            "[s9]format=yuv420p[s10]",
            "[s10]setsar=1[s11]",
            "[s11]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s12]",
            r"[s5]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/1)+1)*1)[s13]",
            f"[s13]scale=352:288:{BT601}:{JPEG}[s14]",
            "[s14]format=yuvj420p[s15]",
            "[s15]setsar=1[s16]",
            r"[s6]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/1)+1)*1)[s17]",
            f"[s17]scale=160:90:{BT601}:{JPEG}[s18]",
            "[s18]format=yuvj420p[s19]",
            "[s19]setsar=1[s20]",
            r"[s7]select=not(mod(n\,50))[s21]",
            f"[s21]scale=32:18:{BT601}:{VIDEO}[s22]",
            "[s22]format=yuv420p[s23]",
            "[s23]extractplanes=y[s24]",
            r"[s8]select=lt(mod(n*2\,50)\,2)[s25]",
            f"[s25]scale=352:288:{BT601}:{VIDEO}[s26]",
            "[s26]format=yuv420p[s27]",
            "[s27]setsar=1[s28]",
            "[s28]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s29]",
        ),
        *words(
            """
            -map [s12] -f mp4 -a53cc 0 -bufsize 1061322 -c:v libx264 -crf 21.0 -enc_time_base 1/25 -flags:v
            +cgop -fps_mode passthrough -g 50 -keyint_min 50 -level:v 1.3 -map_chapters -1 -map_metadata -1
            -maxrate 530661 -partitions i8x8,i4x4 -preset veryfast -profile:v high
            -rc-lookahead 20 -sc_threshold 0 -subq 3 -trellis 1 -video_track_timescale 12800
            rungs/sd.mp4
            """
        ),
        *words(
            """
            -map [s16] -f image2 -c:v mjpeg -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1
            -map_metadata -1 -q:v 2 candidates/%d.jpg
            """
        ),
        *words(
            """
            -map [s20] -f image2 -c:v mjpeg -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1
            -map_metadata -1 -q:v 3 previews/%d.jpg
            """
        ),
        *words(
            """
            -map [s24] -f image2 -c:v pgm -enc_time_base 1/1000 -fps_mode passthrough -frame_pts 1 -map_metadata
            -1 reference/%d.pgm
            """
        ),
        *words(
            """
            -map [s29] -f mp4 -a53cc 0 -bf 0 -bsf:v setts=duration=max(DURATION\\,1) -c:v libx264
            -crf 29.0 -enc_time_base 1/25 -fps_mode passthrough -g 1 -level:v 2.0
            -map_chapters -1 -map_metadata -1 -preset veryfast -profile:v high -video_track_timescale 12800 trick.mp4
            """
        ),
        "-filter_complex",
        graph(
            "[0:1]asetpts=PTS-(37/25)/TB[g1s0]",
            "[g1s0]asplit=1[g1s1]",
            "[g1s1]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[g1s2]",
            "[g1s2]aformat=channel_layouts=stereo:sample_fmts=fltp[g1s3]",
            "[g1s3]apad=whole_len=575488[g1s4]",
            "[g1s4]atrim=end_sample=575488:start_sample=1024[g1s5]",
            "[g1s5]asetpts=PTS-STARTPTS[g1s6]",
            "[g1s6]ametadata=mode=delete[g1s7]",
            "[g1s7]ebur128=framelog=quiet:metadata=1:peak=true[g1s8]",
            "[g1s8]ametadata=file=loudness/und-stereo.I:key=lavfi.r128.I:mode=print[g1s9]",
            "[g1s9]ametadata=file=loudness/und-stereo.LRA:key=lavfi.r128.LRA:mode=print[g1s10]",
            "[g1s10]ametadata=file=loudness/und-stereo.true_peak:key=lavfi.r128.true_peak:mode=print[g1s11]",
            "[g1s11]asplit=2[g1s12][g1s13]",
            "[g1s13]aresample=12000[g1s14]",
            "[g1s14]asetnsamples=n=12000:p=0[g1s15]",
            "[g1s15]astats=measure_overall=RMS_level:measure_perchannel=none:metadata=1:reset=1[g1s16]",
            "[g1s16]ametadata=file=reference/0.txt:key=lavfi.astats.Overall.RMS_level:mode=print[g1s17]",
        ),
        *words(
            """
            -map [g1s12] -f mp4 -b:a 128000 -c:a aac -map_chapters -1 -map_metadata -1 -use_editlist 0
            audio/und-stereo.mp4
            """
        ),
        *words(
            """
            -map [g1s17] -f null -
            """
        ),
        *GLOBAL,
    )


# --- what differs in rarer cases ---


def filters_of(video: VideoFacts, *audio: AudioFacts) -> list[str]:
    found = arguments(video, (SD,), *audio)
    return ";".join(now for before, now in pairwise(found) if before == "-filter_complex").split(";")


def chain(filters: list[str]) -> list[str]:
    """The filters without the names of what they read and write."""
    return [re.sub(r"^(?:\[[a-z0-9:]+\])+|(?:\[s[0-9]+\])+$", "", f) for f in filters]


@pytest.mark.parametrize(
    ("scan", "rate", "made"),
    [
        (Scan(96, top=96), "1/50", ["bwdif=deint=all:mode=send_field:parity=tff"]),
        (Scan(96, bottom=60), "1/50", ["bwdif=deint=all:mode=send_field:parity=bff"]),
        (Scan(96, top=60, bottom=30), "1/50", ["bwdif=deint=all:mode=send_field:parity=auto"]),
        (Scan(96, top=20), "1/25", ["bwdif=deint=interlaced:mode=send_frame:parity=tff"]),
        (Scan(96, judged=Judged(200, top=200)), "1/50", ["bwdif=deint=all:mode=send_field:parity=tff"]),
        (Scan(96, top=96, judged=Judged(200, smooth=180)), "1/25", ["setfield=prog"]),
        (Scan(96), "1/25", []),
    ],
)
def test_fields_become_pictures_once_they_are_on_the_clock(scan: Scan, rate: str, made: list[str]) -> None:
    found = chain(filters_of(replace(foreman(), scan=scan)))
    assert found[2 : 4 + len(made)] == ["setpts=PTS-(133200)", *made, f"settb={rate}"]


def test_second_fields_of_uneven_pictures_are_no_further_than_the_last_one_s() -> None:
    uneven = replace(portrait_vfr().timing, mean_rate=Fraction(24), last=Fraction(1, 25))
    found = chain(filters_of(replace(portrait_vfr(), scan=Scan(96, top=96), timing=uneven)))
    at = found.index("bwdif=deint=all:mode=send_field:parity=tff")
    assert found[at + 1] == r"setpts=if(mod(N\,2)\,min(PTS\,PREV_OUTPTS+round(1/50/TB))\,PTS)"


def test_film_is_made_of_pulldown() -> None:
    timing = constant(Fraction(30_000, 1001), 300, Fraction(1, 90_000))
    scan = Scan(96, bottom=96, judged=Judged(200, bottom=80, smooth=120, pulldown=True))
    assert chain(filters_of(replace(clip(720, 480, timing=timing), scan=scan)))[2:8] == [
        "setpts=PTS-(0)",
        "fps=30000/1001:start_time=0",
        "fieldmatch=order=bff",
        "bwdif=deint=interlaced:mode=send_frame",
        "decimate",
        "settb=1001/24000",
    ]


@pytest.mark.parametrize(
    ("rotation", "mirrored", "turns"),
    [
        (0, False, []),
        (0, True, ["hflip"]),
        (90, False, ["transpose=dir=clock"]),
        (90, True, ["transpose=dir=cclock_flip"]),
        (180, False, ["hflip", "vflip"]),
        (180, True, ["vflip"]),
        (270, False, ["transpose=dir=cclock"]),
        (270, True, ["transpose=dir=clock_flip"]),
    ],
)
def test_pictures_are_turned(rotation: int, mirrored: bool, turns: list[str]) -> None:
    found = chain(filters_of(replace(foreman(), rotation=rotation, mirrored=mirrored)))
    assert found[3 : 5 + len(turns)] == ["settb=1/25", *turns, "split=5"]


def test_a_picture_of_other_size_is_fitted_by_the_aspect_of_its_samples() -> None:
    shapes = (Shape(352, 288, Fraction(16, 11)), Shape(544, 576, Fraction(8, 5)), Shape(320, 240))
    anamorphic = replace(foreman(), sample_aspect=Fraction(16, 11), scan=Scan(9, shapes=shapes))
    scale, pad = chain(filters_of(anamorphic))[:2]
    assert scale.count("/(16/9)") == 6
    assert scale.count(r"if(eq(iw\,544)*eq(ih\,576)\,8/5\,") == 6
    assert scale.count(r"if(eq(iw\,320)*eq(ih\,240)\,1/1\,") == 6
    assert pad == "pad=352:288:-1:-1:eval=frame"


@pytest.mark.parametrize(
    ("size", "pixels", "canvas"),
    [
        ((853, 479), "yuv420p", "852:478"),
        ((1, 1), "rgb24", "2:2"),
        ((722, 481), "yuv411p", "720:480"),
        ((1918, 1078), "yuv410p", "1916:1076"),
    ],
)
def test_odd_sizes_are_made_whole(size: tuple[int, int], pixels: str, canvas: str) -> None:
    video = replace(clip(*size), pixel_format=pixels)
    assert chain(filters_of(video))[1] == f"pad={canvas}:-1:-1:eval=frame"


def test_too_fast_pictures_are_thinned_out() -> None:
    video = clip(timing=constant(Fraction(120_000, 1001), 1200, Fraction(1, 120_000)))
    assert chain(filters_of(video))[2:6] == [
        *("setpts=PTS-(0)", "settb=1001/120000", "framestep=2", "split=5")
    ]


def test_uneven_pictures_that_are_too_fast_are_made_even() -> None:
    timing = replace(constant(Fraction(90), 900, Fraction(1, 90_000)), rate=None)
    assert chain(filters_of(clip(timing=timing)))[2:5] == ["setpts=PTS-(0)", "fps=60/1", "split=5"]


def test_pictures_before_zero_are_moved_too() -> None:
    video = clip(timing=constant(Fraction(25), 300, Fraction(1, 1000), start=Fraction(-2, 25)))
    assert chain(filters_of(video, track()))[2] == "setpts=PTS-(-80)"
    assert "asetpts=PTS-(-2/25)/TB" in ";".join(filters_of(video, track()))


def test_pictures_that_may_come_before_the_first_one_are_dropped() -> None:
    found = chain(filters_of(replace(foreman(), timing=replace(foreman().timing, early=3))))
    assert found[2:5] == ["setpts=PTS-(133200)", "trim=start_pts=0", "settb=1/25"]


def test_pictures_without_times_are_counted() -> None:
    fast = replace(constant(Fraction(120_000, 1001), 1200, Fraction(1, 1_200_000)), counted=True)
    assert chain(filters_of(clip(timing=fast)))[2:5] == [
        *("setpts=N*1001/120000/TB", "settb=1001/120000", "framestep=2")
    ]


def test_pictures_without_times_are_counted_before_each_field_is_made_a_picture() -> None:
    slow = replace(constant(Fraction(25), 100, Fraction(1, 1_200_000)), counted=True)
    fields = replace(clip(timing=slow), field_order="tff")
    assert chain(filters_of(fields))[2:5] == [
        *("setpts=N*1/25/TB", "bwdif=deint=all:mode=send_field:parity=tff", "settb=1/50")
    ]


@pytest.mark.parametrize(
    ("matrix", "full_range", "scale"),
    [
        ("bt709", False, "in_color_matrix=bt709:in_range=tv"),
        ("smpte170m", False, "in_color_matrix=bt601:in_range=tv"),
        ("bt470bg", True, "in_color_matrix=bt601:in_range=pc"),
        ("bt2020nc", False, "in_color_matrix=bt2020:in_range=tv"),
        ("smpte240m", False, "in_color_matrix=smpte240m:in_range=tv"),
        ("ycgco", False, "in_color_matrix=bt709:in_range=tv"),  # zscale was there before
    ],
)
def test_every_picture_ends_in_bt709(matrix: str, full_range: bool, scale: str) -> None:
    video = clip(colour=Colour("bt709", "bt709", matrix, full_range))
    assert f"{scale}:out_color_matrix=bt709:out_range=tv" in ";".join(filters_of(video))


def test_without_sound_there_is_no_audio_output() -> None:
    assert [a for a in arguments(clip(), (HD,)) if a.endswith((".mp4", ".jpg"))] == [
        "rungs/hd.mp4",
        "candidates/%d.jpg",
        "previews/%d.jpg",
        "trick.mp4",
    ]


def test_folders() -> None:
    assert folders() == (
        *("rungs", "audio", "loudness", "text", "candidates", "previews"),
        "reference",
        "wide-reference",
        "quality",
    )


def test_numbers() -> None:
    assert ratio(Fraction(30_000, 1001)) == "30000/1001"
    assert [seconds(Fraction(n, d)) for n, d in ((10, 1), (5, 6), (0, 1), (1, 4), (200, 1))] == [
        "10",
        "0.833333",
        "0",
        "0.25",
        "200",
    ]


def test_first_of_each() -> None:
    assert first_of_each(Fraction(5, 2), "prev_selected_t") == (
        "isnan(prev_selected_t)+gte(t+0.000001,(floor((prev_selected_t+0.000001)/2.5)+1)*2.5)"
    )


# --- nothing that the source says reaches the command ---

HOSTILE = st.sampled_from(
    [
        "-y",
        "; rm -rf ~",
        "$(id)",
        "a' ; [0:v]null[x]",
        "../../etc/passwd",
        "%d",
        "x\ny",
        "\x00",
        "\udcff",
        "http://x/",
        "en,hls_name=x",
        "stereo|c0=c1",
    ]
)
SAFE_NAME = re.compile(
    r"(audio|loudness)/[a-z]{2,3}(-[A-Za-z0-9]{1,8})*-(stereo|51)(-[2-8])?\.(mp4|I|LRA|true_peak)\b"
)


@settings(max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"title": HOSTILE | st.text(), "language": HOSTILE | st.text(), "layout": HOSTILE | st.text()}
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_text_of_the_source_reaches_an_argument(tracks: list[dict[str, str]]) -> None:
    """Only a language's tag does, as a part of a file name that can be nothing else."""
    streams = [
        {
            "index": index,
            "codec_type": "audio",
            "codec_name": texts["layout"],
            "profile": texts["title"],
            "sample_rate": "48000",
            "channels": 2,
            "channel_layout": texts["layout"],
            "tags": {"title": texts["title"], "language": texts["language"], "handler_name": texts["title"]},
        }
        for index, texts in enumerate(tracks, 1)
    ]
    found = audio_facts({"streams": streams})
    video = replace(clip(), codec=tracks[0]["layout"], profile=tracks[0]["title"])
    made = arguments(video, (SD,), *found)
    plain = arguments(clip(), (SD,), *(track(a.index) for a in found))
    assert len(made) == len(plain)
    assert [SAFE_NAME.sub("NAME", m) for m in made] == [SAFE_NAME.sub("NAME", p) for p in plain]


def test_output_names_are_relative_and_stay_in_their_folders() -> None:
    made = arguments(clip(3840, 2160), ALL_PRESETS, track(1, 6, language="en"), track(2, language="en"))
    assert [a for a in made if a.endswith((".mp4", ".jpg"))] == [
        *(f"rungs/{name}.mp4" for name in ("sd", "hd", "fhd", "qhd", "uhd")),
        *("candidates/%d.jpg", "previews/%d.jpg", "trick.mp4"),
        *(f"audio/{name}.mp4" for name in ("en-stereo", "en-51", "en-stereo-2")),
    ]


def test_whole_command_that_cuts_sound() -> None:
    assert cut_arguments("/tools/ffmpeg", "en-stereo.whole.mp4", "en-stereo.mp4", 420) == (
        "/tools/ffmpeg",
        *("-format_whitelist", FORMAT_WHITELIST),
        *("-protocol_whitelist", PROTOCOL_WHITELIST),
        *("-i", "en-stereo.whole.mp4"),
        *words("-map 0:a:0 -f mp4 -c copy -frames:a 420 -use_editlist 0 en-stereo.mp4"),
        *words("-nostdin -hide_banner -v error -y"),
    )


def test_whole_command_that_measures_before_the_encoder() -> None:
    plan = make_plan(clip(), (track(language="en"),), (SD,), preview_interval=Fraction(1), tile=(160, 90))
    plan = replace(plan, audio=tuple(replace(a, gain=-3.25) for a in plan.audio))
    assert source_arguments("/tools/ffmpeg", plan, "file:/proc/self/fd/7", 128) == (
        *(a for a in INPUT if a not in {"-max_pixels", "36000000", "-noautorotate", "-reinit_filter:v", "0"}),
        "-filter_complex",
        graph(
            "[0:1]asetpts=PTS-(0/1)/TB[s0]",
            "[s0]asplit=1[s1]",
            "[s1]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[s2]",
            "[s2]aformat=channel_layouts=stereo:sample_fmts=fltp[s3]",
            "[s3]apad=whole_len=480256[s4]",
            "[s4]atrim=end_sample=480256:start_sample=1024[s5]",
            "[s5]asetpts=PTS-STARTPTS[s6]",
            "[s6]volume=-3.25dB[s7]",
            "[s7]ametadata=mode=delete[s8]",
            "[s8]ebur128=framelog=quiet:metadata=1:peak=true[s9]",
            "[s9]ametadata=file=loudness/en-stereo.I:key=lavfi.r128.I:mode=print[s10]",
            "[s10]ametadata=file=loudness/en-stereo.LRA:key=lavfi.r128.LRA:mode=print[s11]",
            "[s11]ametadata=file=loudness/en-stereo.true_peak:key=lavfi.r128.true_peak:mode=print[s12]",
        ),
        *words("-map [s12] -f null -"),
        *words(
            "-nostdin -hide_banner -v error -nostats -progress pipe:1 -stats_period 1 -max_error_rate 1 -y"
        ),
    )


def test_mono_tracks_meet_on_the_clock() -> None:
    tracks = [replace(track(i, 1), codec="pcm_s24le") for i in (1, 2)]
    made = filters_of(clip(), *tracks)
    first = next(i for i, f in enumerate(made) if f.startswith("[0:1]"))
    assert made[first : first + 11] == [
        "[0:1]asetpts=PTS-(0/1)/TB[g1s0]",
        "[g1s0]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[g1s1]",
        "[g1s1]aformat=channel_layouts=mono:sample_fmts=fltp[g1s2]",
        "[g1s2]apad=whole_len=480256[g1s3]",
        "[0:2]asetpts=PTS-(0/1)/TB[g1s4]",
        "[g1s4]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[g1s5]",
        "[g1s5]aformat=channel_layouts=mono:sample_fmts=fltp[g1s6]",
        "[g1s6]apad=whole_len=480256[g1s7]",
        "[g1s3][g1s7]join=channel_layout=stereo:inputs=2:map=0.0-FL|1.0-FR[g1s8]",
        "[g1s8]asplit=1[g1s9]",
        "[g1s9]aresample=48000:async=96:first_pts=0:min_comp=0.002:min_hard_comp=0.01[g1s10]",
    ]


def test_a_single_channel_without_a_known_place_is_read_by_number() -> None:
    made = filters_of(clip(), track(1, 1, layout="1 channels (FL)"))
    assert sum("]channelmap=channel_layout=stereo:map=0-FL|0-FR[" in f for f in made) == 1


def test_ambisonics_are_read_by_number() -> None:
    made = filters_of(clip(), track(1, 4, layout="ambisonic 1"))
    exprs = "0.707107*val(0)+0.5*val(1)|0.707107*val(0)-0.5*val(1)"
    assert sum(f"]aeval=channel_layout=stereo:exprs={exprs}[" in f for f in made) == 1


# --- what a damaged or jumping source changes ---


def test_a_clock_that_begins_anew_is_joined_before_anything_is_decoded() -> None:
    steady = foreman()
    jumps = ((0, (Jump(100, -900_000), Jump(200, 90_000))), (1, (Jump(47, -900_000),)), (2, ()))
    found = arguments(replace(steady, jumps=jumps), (SD,), track(1), track(2))
    input_options = found[: found.index("-i")]
    shift = r"gte(N\,100)*(-900000)+gte(N\,200)*(990000)"
    assert [input_options[i : i + 2] for i, part in enumerate(input_options) if part.startswith("-bsf")] == [
        (
            "-bsf:0",
            rf"setts=pts=if(eq(PTS\,NOPTS)\,NOPTS\,PTS+{shift}):dts=if(eq(DTS\,NOPTS)\,NOPTS\,DTS+{shift})",
        ),
        (
            "-bsf:1",
            (
                r"setts=pts=if(eq(PTS\,NOPTS)\,NOPTS\,PTS+gte(N\,47)*(-900000))"
                r":dts=if(eq(DTS\,NOPTS)\,NOPTS\,DTS+gte(N\,47)*(-900000))"
            ),
        ),
    ]
    uneven = replace(steady, jumps=jumps[:1], timing=replace(steady.timing, rate=None))
    found = arguments(uneven, (SD,))
    (option,) = [part for part in found[: found.index("-i")] if part.startswith("setts")]
    assert option.endswith(":dts=NOPTS")


def test_pictures_with_a_damaged_time_are_known_by_when_they_are_decoded() -> None:
    """Not by their number: whoever begins to read in the middle counts another one."""
    steady = replace(foreman(), mended=((900, 4500), (7200, 9000)))
    found = arguments(steady, (SD,), track(1))
    pts = r"if(eq(DTS\,7200)\,9000\,if(eq(DTS\,900)\,4500\,PTS))"
    assert found[found.index("-bsf:v") : found.index("-i")][:2] == ("-bsf:v", f"setts=pts={pts}:dts=DTS")
    uneven = arguments(replace(steady, timing=replace(steady.timing, rate=None)), (SD,))
    assert rf"setts=pts={pts}:dts=if(eq(PTS\,NOPTS)\,DTS\,NOPTS)" in uneven


@pytest.mark.parametrize(
    ("rate", "step", "filters"), [(25, 1, "settb=1/25,fps=25/1"), (100, 2, "settb=1/100,fps=100/1")]
)
def test_holes_are_filled_where_pictures_did_not_decode(rate: int, step: int, filters: str) -> None:
    video = clip(timing=constant(Fraction(rate), 300, Fraction(1, 90_000)))
    plan = make_plan(video, (), (SD,), preview_interval=Fraction(1), tile=(160, 90))
    assert plan.video.grid.frame_step == step
    mended = replace(plan, video=replace(plan.video, grid=plan.video.grid.with_losses()))
    source = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)
    found = encode_arguments("/tools/ffmpeg", mended, source)
    (chain,) = [part for part in found if "settb" in part]
    assert re.sub(r"\[s\d+\];\[s\d+\]", ",", chain).split("PTS-(0),")[1].startswith(filters)
