"""What most rows measure: size and orientation, times, sound against picture."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from measuring import cuts, flashes, likeness, packet_times, pictures, probe
from test_source_clocks import planned

from trait_cases.core import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from measuring import Picture

    from trait_cases.core import Check, Job

FRAME = Fraction(1, 25)


def video_stream(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = probe(path, "-select_streams", "v", "-show_streams")["streams"][0]
    return found


def all_of(found: Sequence[Finding]) -> Finding:
    """Several things as one."""
    measured, wanted = (", ".join(getattr(f, side) for f in found) for side in ("measured", "wanted"))
    return Finding(measured, wanted, all(f.passed for f in found))


# -- pictures --


def sized(width: int, height: int) -> Check:
    """Square samples, and nothing for a player to turn."""

    def check(job: Job) -> Finding:
        stream = video_stream(job.rung)
        turn = ", turned by a player" if "side_data_list" in stream else ""
        found = f"{stream['width']}x{stream['height']} at {stream['sample_aspect_ratio']}{turn}"
        wanted = f"{width}x{height} at 1:1"
        return Finding(found, wanted, found == wanted)

    return check


def alike(made: Sequence[Picture], shown: Sequence[Picture], floor: float) -> Finding:
    """Each picture with its own: small, in RGB."""
    wanted = f"{len(shown)} pictures, each in place, worst over {floor:g} dB"
    if len(made) != len(shown):
        return Finding(f"{len(made)} pictures", wanted, passed=False)
    found = likeness(made, shown)
    place = "each in place" if found.in_place else f"{len(found.misplaced)} out of place"
    measured = f"{len(made)} pictures, {place}, worst {found.worst:.1f} dB"
    return Finding(measured, wanted, found.in_place and found.worst > floor)


def shows_the_source(floor: float = 30, **decode: Any) -> Check:
    """The pictures are those of the source, turned upright by ffmpeg or by filters that are given."""
    return lambda job: alike(job.package.pictures("sd"), pictures(job.source, **decode), floor)


def one_colour(colour: tuple[int, int, int], off: int = 3) -> Check:
    def check(job: Job) -> Finding:
        pixels = job.package.pictures("sd")[-1].pixels
        worst = max(abs(p - colour[i % 3]) for i, p in enumerate(pixels))
        return Finding(f"colour off by {worst} of 255", f"at most {off}", worst <= off)

    return check


# -- times --


def compare_times(found: Sequence[Fraction], wanted: Sequence[Fraction], words: str) -> Finding:
    off = sum(a != b for a, b in zip(found, wanted, strict=False)) + abs(len(found) - len(wanted))
    return Finding(f"{len(found)} pictures, {off} off {words}", f"{len(wanted)}, 0 off", off == 0)


def every(count: int, rate: Fraction | int) -> Check:
    """So many pictures, the n-th at n/rate exactly; and EXTINF adds up to their length."""

    def check(job: Job) -> Finding:
        wanted = [Fraction(n) / rate for n in range(count)]
        times = compare_times(packet_times(job.rung), wanted, f"n/{rate} s")
        return all_of((times, lasting(Fraction(count) / rate)(job)))

    return check


def lasting(seconds: Fraction, off: Fraction = Fraction(1, 1000)) -> Check:
    def check(job: Job) -> Finding:
        total = cuts(job.package.playlist("video/sd"))[-1]
        return Finding(f"EXTINF {float(total):.3f} s", f"{float(seconds):.3f} s", abs(total - seconds) <= off)

    return check


def source_times(job: Job) -> Finding:
    """To the tick those of the source, from its first picture on."""
    shown = packet_times(job.source)
    return compare_times(packet_times(job.rung), [t - shown[0] for t in shown], "the source's times")


def plan_times(job: Job) -> Finding:
    """Those that `--dry-run` promises."""
    wanted = planned(job.source, job.package, job.presets, "sd")
    return compare_times(packet_times(job.rung), wanted, "the plan's times")


# -- sound --


def lights(job: Job) -> list[Fraction]:
    return flashes(pictures(job.rung, pixel_format="gray", size=(2, 2)))


def in_step(
    count: int, *, name: str = "und-stereo", late: Fraction = Fraction(0), within: float = 0.002
) -> Check:
    """Each flash has its beep; `late` is what the source's own encoder delays and no player can know."""

    def check(job: Job) -> Finding:
        light, heard = lights(job), job.package.sound(name).onsets()
        nearest = [min(heard, key=lambda h, f=f: abs(h - f)) - f - late for f in light]
        # The first flash may lie before the sound began.
        inside = [d for d, f in zip(nearest, light, strict=True) if f > heard[0] - Fraction(1, 2)]
        worst = max(map(float, inside), key=abs)
        measured = f"{len(light)} flashes, beep later by {worst * 1000:+.2f} ms at most"
        wanted = f"{count}, within {within * 1000:g} ms"
        return Finding(measured, wanted, len(light) == count and abs(worst) <= within)

    return check


def beeps_at(times: Sequence[Fraction], name: str = "und-stereo") -> Check:
    def check(job: Job) -> Finding:
        found = job.package.sound(name).onsets()
        same = len(found) == len(times)
        worst = max((abs(float(a - b)) for a, b in zip(found, times, strict=False)), default=0)
        measured = f"{len(found)} beeps, {worst * 1000:.2f} ms off at most"
        return Finding(measured, f"{len(times)}, within 2 ms", same and worst < 0.002)

    return check


def flashes_at(times: Sequence[Fraction]) -> Check:
    return lambda job: compare_times(lights(job), times, "where the flashes were put")


def sounds(**channels: int) -> Check:
    """Exactly these renditions (`en_stereo=2`), each from 0 on and as long as the picture."""

    def check(job: Job) -> Finding:
        length = cuts(job.package.playlist("video/sd"))[-1]
        found, fits = {}, True
        for name in job.package.sounds:
            (stream,) = probe(job.package.joined(f"audio/{name}"), "-show_streams")["streams"]
            found[name.replace("-", "_")] = stream["channels"]
            heard = job.package.sound(name)
            near = abs(heard.duration - length) <= FRAME + Fraction(1024, int(stream["sample_rate"]))
            fits = fits and heard.start == 0 and near
        ending = "from 0 to the picture's end"
        measured = f"{listed(found)}{f', {ending}' if fits and found else '' if fits else ', not as long'}"
        return Finding(
            measured, listed(channels) + (f", {ending}" if channels else ""), found == channels and fits
        )

    return check


def listed(channels: dict[str, int]) -> str:
    words = [f"{n.replace('_', '-')} {c} ch" for n, c in channels.items()]
    return ", ".join(words) or "no sound"


# -- words of the record and the master playlist --


def says(*texts: str) -> Check:
    """Messages of the record begin with these words."""

    def check(job: Job) -> Finding:
        found = [next((m for m in job.record["messages"] if m.startswith(t)), None) for t in texts]
        measured = "; ".join(f"“{m}”" if m else "not said" for m in found)
        return Finding(measured, "; ".join(f"“{t}”" for t in texts), None not in found)

    return check


def warns(*words: str) -> Check:
    """Each of these stands in a warning."""

    def check(job: Job) -> Finding:
        texts = [w["message"] for w in job.record["warnings"]]
        passed = all(any(w in t for t in texts) for w in words)
        return Finding(
            "; ".join(f"“{t}”" for t in texts) or "no warning", f"a warning with {', '.join(words)}", passed
        )

    return check


def value(what: str, wanted: str, get: Callable[[Job], str]) -> Check:
    def check(job: Job) -> Finding:
        found = get(job)
        return Finding(f"{what} {found}", wanted, found == wanted)

    return check
