"""The main job's encodes as a person would write them: one ffmpeg command, decoding once.

The x264 and AAC settings are those of `presets/`; `{sd}`, `{hd}`, `{fhd}` are the caps in bits per second, which
the plan lowers to what the source itself costs, `{buffer_...}` twice that, `{gop}` the pictures in two seconds,
`{x264}` what ingest asks of x264 for the speed that they say.
"""

from __future__ import annotations

from ingest.media.command.encoders import BESIDE_X264_PRESET

_BESIDE = " ".join(f"-{option} {value}" for option, value in BESIDE_X264_PRESET["veryfast"].items())
X264 = f"-preset veryfast {_BESIDE}"

SD_HD_FHD = """
ffmpeg -y -nostdin -v error -i {clip} -filter_complex "
    [0:v]split=3[a][b][c]; [a]scale={sd_size}[sd]; [b]scale={hd_size}[hd]; [c]scale={fhd_size}[fhd]"
  -map [sd] -c:v libx264 {x264} -profile:v high -crf 21 -maxrate {sd} -bufsize {buffer_sd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 sd.mp4
  -map [hd] -c:v libx264 {x264} -profile:v high -crf 22 -maxrate {hd} -bufsize {buffer_hd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 hd.mp4
  -map [fhd] -c:v libx264 {x264} -profile:v high -crf 22 -maxrate {fhd} -bufsize {buffer_fhd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 fhd.mp4
  -map 0:a:0 -c:a aac -b:a 128k -ac 2 audio.mp4
"""

SD_HD_FHD_AND_STILLS = """
ffmpeg -y -nostdin -v error -i {clip} -filter_complex "
    [0:v]split=5[a][b][c][d][e]; [a]scale={sd_size}[sd]; [b]scale={hd_size}[hd]; [c]scale={fhd_size}[fhd];
    [d]fps=12/{seconds},scale=out_range=pc,format=yuvj420p[posters];
    [e]fps=1,scale=160:90:out_range=pc,format=yuvj420p[previews]"
  -map [sd] -c:v libx264 {x264} -profile:v high -crf 21 -maxrate {sd} -bufsize {buffer_sd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 sd.mp4
  -map [hd] -c:v libx264 {x264} -profile:v high -crf 22 -maxrate {hd} -bufsize {buffer_hd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 hd.mp4
  -map [fhd] -c:v libx264 {x264} -profile:v high -crf 22 -maxrate {fhd} -bufsize {buffer_fhd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 fhd.mp4
  -map 0:a:0 -c:a aac -b:a 128k -ac 2 audio.mp4
  -map [posters] -q:v 2 poster-%03d.jpg
  -map [previews] -q:v 3 preview-%05d.jpg
"""

SD_HD = """
ffmpeg -y -nostdin -v error -i {clip} -filter_complex "
    [0:v]split=2[a][b]; [a]scale={sd_size}[sd]; [b]scale={hd_size}[hd]"
  -map [sd] -c:v libx264 {x264} -profile:v high -crf 21 -maxrate {sd} -bufsize {buffer_sd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 sd.mp4
  -map [hd] -c:v libx264 {x264} -profile:v high -crf 22 -maxrate {hd} -bufsize {buffer_hd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 hd.mp4
  -map 0:a:0 -c:a aac -b:a 128k -ac 2 audio.mp4
"""

SD_HD_AND_STILLS = """
ffmpeg -y -nostdin -v error -i {clip} -filter_complex "
    [0:v]split=4[a][b][d][e]; [a]scale={sd_size}[sd]; [b]scale={hd_size}[hd];
    [d]fps=12/{seconds},scale=out_range=pc,format=yuvj420p[posters];
    [e]fps=1,scale=160:90:out_range=pc,format=yuvj420p[previews]"
  -map [sd] -c:v libx264 {x264} -profile:v high -crf 21 -maxrate {sd} -bufsize {buffer_sd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 sd.mp4
  -map [hd] -c:v libx264 {x264} -profile:v high -crf 22 -maxrate {hd} -bufsize {buffer_hd}
    -g {gop} -keyint_min {gop} -sc_threshold 0 hd.mp4
  -map 0:a:0 -c:a aac -b:a 128k -ac 2 audio.mp4
  -map [posters] -q:v 2 poster-%03d.jpg
  -map [previews] -q:v 3 preview-%05d.jpg
"""

# By the resolutions asked for: the encodes alone (B), and with the stills that ingest makes in the same run (B2).
COMMANDS = {
    "sd,hd,fhd": (SD_HD_FHD, SD_HD_FHD_AND_STILLS),
    "sd,hd": (SD_HD, SD_HD_AND_STILLS),
}
