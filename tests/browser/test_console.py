"""The pages in Chromium, over `ingest serve` itself: sign in, upload, watch, play, seek, choose, cancel.

`INGEST_SCREENSHOTS=DIR` keeps what was seen.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import SAMPLES, SHARED, first_file
from cutting_proxy import between
from devtools import Page, driven
from PIL import Image, ImageStat

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser
SECONDS = 150
HOSTILE = "<img src=x onerror=alert(1)> & 'film'.mp4"


@dataclass(frozen=True, slots=True)
class Console:
    """A server, and a page that has signed in to it."""

    url: str
    key: str
    page: Page

    def shot(self, name: str) -> None:
        """Keep what is on the screen, wide and as on a phone, where it was asked for."""
        folder = os.environ.get("INGEST_SCREENSHOTS")
        if not folder:
            return
        for kind, size in (("desktop", (1200, 900)), ("phone", (390, 844))):
            self.page.window(*size, phone=kind == "phone")
            Path(folder, f"{name}-{kind}.jpg").write_bytes(self.page.picture(whole=True))
        self.page.window(1200, 900)

    def open_job(self, name: str) -> None:
        """Go to the page of the job of this source, from the list."""
        self.page.open(f"{self.url}/")
        link = (
            f"[...document.querySelectorAll('.jobs .name')].find((a) => a.textContent === {json.dumps(name)})"
        )
        self.page.until(link)
        self.page.value(f"{link}.click()")
        self.page.until("document.getElementById('head') && document.readyState === 'complete'")

    def state(self, wanted: str) -> None:
        """Wait for the page itself to say so: it is not loaded again."""
        self.page.until(f"document.querySelector('h1 .badge')?.dataset.state === '{wanted}'", 60)


@contextmanager
def serving(home: Path, presets: Path) -> Iterator[tuple[str, str]]:
    """`ingest serve`; its URL and first key."""
    environment = os.environ | {"INGEST_HOME": str(home), "INGEST_PRESET_DIR": str(presets)}
    environment["INGEST_PRIVATE_URLS"] = "1"  # sources come from this very server
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", "serve", "--port", "0", "--slots", "1", "--drain", "0", "--json"],
        stdout=subprocess.PIPE,
        env=environment,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield told["url"], told["key"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def console(browser: str, small_presets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("console")
    with serving(folder / "home", small_presets) as (url, key), driven(browser, folder, SECONDS) as page:
        page.window(1200, 900)
        page.open(f"{url}/")
        console = Console(url, key, page)
        console.shot("sign-in")
        page.click("#key")
        page.type(key)
        page.click("main form button")
        page.until("document.getElementById('list')")
        yield console
        assert key not in page.value("document.documentElement.outerHTML")
        # The first page was refused for want of a session; else nothing was: no script failed, no policy was broken.
        refused = [c for c in page.complaints if "401" not in c]
        assert refused == []


def test_a_film_is_uploaded_watched_and_played(console: Console) -> None:
    page = console.page
    source = first_file(SAMPLES / "park.mp4", SHARED / "park-1080p-h264-aac.mp4")
    assert page.value("document.getElementById('list').innerText").startswith("There are no jobs yet.")
    assert page.value("[...document.querySelectorAll('[name=resolution]:checked')].map((b) => b.value)") == [
        "sd",
        "hd",
        "fhd",
    ]
    page.click("[name=resolution][value=fhd]")
    page.give("#files", source)
    page.until("document.querySelector('#uploads a')")
    # The list has it without being loaded again, and follows it.
    page.until("document.querySelector('.jobs .name')?.textContent === 'park.mp4'")
    page.until("document.querySelector('.jobs .badge').dataset.state === 'EXECUTING'", 30)
    console.shot("list")

    console.open_job("park.mp4")
    seen = page.value("Number(document.querySelector('progress')?.value ?? 100)")
    console.shot("running")
    console.state("COMPLETED")
    assert seen <= 100
    page.until("!document.getElementById('play').disabled")
    assert page.value("document.querySelectorAll('.steps li[data-result=done]').length") > 10
    rows = page.value(
        "[...document.querySelectorAll('tbody tr')].map((r) => r.cells[0].textContent + ' ' + r.cells[1].textContent)"
    )
    assert rows[:2] == ["Picture sd", "Picture hd"]

    plays(page)
    seeks(page)
    chooses(page)
    console.shot("completed")
    sees_previews(console)


def plays(page: Page) -> None:
    page.click("#play")
    page.until("document.getElementById('video').currentTime > 0.3")
    assert page.value("document.getElementById('play').getAttribute('aria-label')") == "Pause"
    page.click("#play")
    page.until("document.getElementById('video').paused")


def seeks(page: Page) -> None:
    """By mouse, then by keyboard."""
    duration = page.value("document.getElementById('video').duration")
    page.click("#seek", across=0.75)
    page.until("!document.getElementById('video').seeking")
    at = page.value("document.getElementById('video').currentTime")
    assert at == pytest.approx(0.75 * duration, abs=0.05 * duration)
    page.press("Home")
    page.until("document.getElementById('video').currentTime === 0")
    page.press("ArrowRight")
    page.until("document.getElementById('video').currentTime > 0")


def chooses(page: Page) -> None:
    """Each quality of the menu is what the picture then has."""
    menu = page.value("[...document.getElementById('quality').options].map((o) => [o.value, o.text])")
    assert [re.match(r"auto|\d+p", text)[0] for _, text in menu] == ["auto", "180p", "90p"]  # type: ignore[index]
    for value, text in reversed(menu[1:]):
        page.choose("#quality", value)
        page.click("#seek", across=0.5)
        page.value("document.getElementById('video').play()")
        page.until(f"document.getElementById('video').videoHeight === {re.match('[0-9]+', text)[0]}")  # type: ignore[index]
        page.value("document.getElementById('video').pause()")
    page.choose("#quality", "-1")


def sees_previews(console: Console) -> None:
    """The thumbnail under the mouse is a picture, of the film's shape, and follows the mouse."""
    page = console.page
    seen = []
    for across in (0.1, 0.9):
        page.point("#seek", across)
        page.until("!document.getElementById('preview').hidden")
        shown = page.value("getComputedStyle(document.getElementById('picture')).backgroundImage")
        page.until(f"fetch({json.dumps(shown[5:-2])}).then((r) => r.ok)")
        seen.append(page.value("document.getElementById('picture').style.backgroundPosition"))
        box = page.value(
            "(({ left, top, width, height }) => [left, top, width, height])"
            "(document.getElementById('picture').getBoundingClientRect())"
        )
        with Image.open(io.BytesIO(page.picture())) as image:
            x, y, width, height = box
            assert width / height == pytest.approx(16 / 9, abs=0.05)
            assert x >= 0
            assert x + width <= image.width
            assert ImageStat.Stat(image.convert("L").crop((x, y, x + width, y + height))).stddev[0] > 16
    assert seen[0] != seen[1]
    if folder := os.environ.get("INGEST_SCREENSHOTS"):
        page.point("#seek", 0.6)
        Path(folder, "previews.jpg").write_bytes(page.picture())


def test_an_upload_that_breaks_off_goes_on(console: Console, tmp_path: Path) -> None:
    page = console.page
    film = tmp_path / "notes.mp4"
    film.write_bytes(b"no film at all\n" * 200_000)
    with between(console.url) as proxy:
        page.open(f"{proxy.url}/")  # of the same host, whose cookie the browser has
        proxy.cut_after = 1_000_000
        page.give("#files", film)
        page.until("document.querySelector('#uploads a')")
        made = page.value(
            "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/api/uploads')).length"
        )
        assert made == 1
        # Nothing that had come was sent again.
        assert proxy.offsets[0] == 0
        assert 500_000 < proxy.offsets[-1] < 1_100_000
        page.open("about:blank")
    page.complaints[:] = [c for c in page.complaints if proxy.url not in c]
    console.open_job("notes.mp4")
    console.state("FAILED")
    assert "3.0 MB" in page.value("document.querySelector('h1 + .meta').innerText")


def test_a_job_that_fails_says_why(console: Console, tmp_path: Path) -> None:
    page = console.page
    film = tmp_path / HOSTILE
    film.write_text("no film at all")
    page.open(f"{console.url}/")
    page.give("#files", film)
    page.until("document.querySelector('#uploads a')")
    console.open_job(HOSTILE)
    console.state("FAILED")
    assert page.value("document.querySelector('h1').firstChild.textContent").strip() == HOSTILE
    wrong = page.value("document.querySelector('.card.wrong').innerText")
    assert wrong.startswith("What went wrong\n")
    assert "9306" in wrong
    assert "What to do:" in wrong
    assert page.value("document.querySelector('#do-retry').innerText") == "Retry"
    assert page.value("document.querySelector('#do-cancel')") is None
    console.shot("failed")


def test_a_url_becomes_a_job(console: Console) -> None:
    page = console.page
    page.open(f"{console.url}/")
    page.click("#url")
    page.type(f"{console.url}/static/no-film.svg")
    console.shot("url")
    page.click(".from button")
    # Fetched from this server itself, which has no such film.
    link = "[...document.querySelectorAll('.jobs .name')].find((a) => a.textContent === 'no-film.svg')"
    page.until(link)
    assert page.value("document.getElementById('url').value") == ""
    page.until("document.getElementById('said').textContent.startsWith('The job is in the list')")
    page.until(f"{link}.parentElement.querySelector('.badge').dataset.state === 'FAILED'", 60)


def test_a_job_is_cancelled_retried_and_deleted(console: Console) -> None:
    page = console.page
    source = first_file(SAMPLES / "park.mp4", SHARED / "park-1080p-h264-aac.mp4")
    page.open(f"{console.url}/")
    page.give("#files", source)
    page.until("document.querySelector('#uploads a')")
    page.value("document.querySelector('#uploads a').click()")
    page.until("document.getElementById('do-cancel')")
    page.click("#do-cancel")
    console.state("CANCELLED")
    assert page.value("document.getElementById('player')") is None
    console.shot("cancelled")
    page.click("#do-retry")
    page.until("['SUBMITTED', 'EXECUTING'].includes(document.querySelector('h1 .badge').dataset.state)")
    page.click("summary")
    page.click("#do-delete")
    page.until("document.getElementById('list')")
    assert page.value("location.pathname") == "/"


def test_telemetry_stands_beside_the_picture(console: Console) -> None:
    page = console.page
    flight = first_file(SHARED / "klv-sync-foreman.ts")
    page.open(f"{console.url}/")
    for name in ("hd", "fhd"):
        page.click(f"[name=resolution][value={name}]")
    page.give("#files", flight)
    page.until("document.querySelector('#uploads a')")
    console.open_job(flight.name)
    console.state("COMPLETED")
    page.until("document.querySelectorAll('#klv dt').length > 2", 30)
    first = told(page)
    assert {"Time", "Latitude", "Longitude"} <= set(first)
    page.click("#seek", across=0.8)
    page.until(f"document.querySelector('#klv dd').textContent !== {json.dumps(first['Time'])}")
    later = told(page)
    assert later["Time"] > first["Time"]
    console.shot("telemetry")


def told(page: Page) -> dict[str, str]:
    pairs = page.value(
        "[...document.querySelectorAll('#klv dt')].map((t) => [t.textContent, t.nextSibling.textContent])"
    )
    return dict(pairs)
