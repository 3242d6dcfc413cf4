"""Drives a page of Chromium over a pipe (DevTools protocol), as a person would: by mouse, keyboard and eyes.

Nothing is put into the page, so that its content security policy holds as for everybody.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import queue
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headless_chromium import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANSWER_SECONDS = 30


class PageError(Exception):
    """The page, or Chromium, did not do what was asked."""


class Page:
    """One page, in a window of its own."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.complaints: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(answers,), daemon=True)
        self._reader.start()
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result. Raises PageError."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        while True:
            try:
                answer = self._answers.get(timeout=ANSWER_SECONDS)
            except queue.Empty as error:
                raise PageError(f"no answer to {method}") from error
            if answer["id"] == number:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """What an expression is in the page. Raises PageError."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise PageError(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def until(self, expression: str, seconds: float = 20) -> None:
        """Wait until an expression is true, also while one page follows another. Raises PageError."""
        deadline = time.monotonic() + seconds
        fault = ""
        while time.monotonic() < deadline:
            try:
                if self.value(f"(async () => Boolean(await ({expression})))()"):
                    return
            except PageError as error:
                fault = str(error)
            time.sleep(0.05)
        text = self.value("document.body.innerText")
        raise PageError(f"never true: {expression} {fault}\n{text}\n{self.complaints}")

    def place(self, selector: str, across: float = 0.5) -> tuple[float, float]:
        """Where an element is, `across` its width; it is brought into view, and has come to rest there."""
        where = f"""(async () => {{
            const place = () => {{
                const element = document.querySelector({json.dumps(selector)});
                if (document.readyState !== "complete" || !element) return null;
                element.scrollIntoView({{ block: "center", behavior: "instant" }});
                const box = element.getBoundingClientRect();
                return [box.left + box.width * {across}, box.top + box.height / 2];
            }};
            const before = place();
            await new Promise((resolve) => setTimeout(resolve, 50));
            const after = place();
            return String(before) === String(after) ? after : null;
        }})()"""
        self.until(where)
        x, y = self.value(where) or self.place(selector, across)
        return x, y

    def point(self, selector: str, across: float = 0.5) -> tuple[float, float]:
        """Move the mouse there."""
        x, y = self.place(selector, across)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        return x, y

    def click(self, selector: str, across: float = 0.5) -> None:
        x, y = self.point(selector, across)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """A key that types nothing, as `ArrowRight`."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=_KEYS[key]
            )

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def choose(self, selector: str, value: str) -> None:
        """An option of a menu: menus of headless Chromium cannot be clicked."""
        self.value(
            f"""(() => {{
                const menu = document.querySelector({json.dumps(selector)});
                menu.value = {json.dumps(value)};
                menu.dispatchEvent(new Event("change", {{ bubbles: true }}));
            }})()"""
        )

    def give(self, selector: str, *files: Path) -> None:
        """Choose files in a file input. Chromium may not read a path with `..` in it."""
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(f.resolve()) for f in files])

    def window(self, width: int, height: int, *, phone: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )

    def picture(self, *, whole: bool = False) -> bytes:
        """A JPEG of the window, or of the whole page."""
        options = {"format": "jpeg", "quality": 80, "captureBeyondViewport": whole}
        return base64.b64decode(self.call("Page.captureScreenshot", **options)["data"])

    def _read(self, answers: int) -> None:
        left = b""
        while data := os.read(answers, 1 << 20):
            *messages, left = (left + data).split(b"\0")
            for text in messages:
                message = json.loads(text)
                if "id" in message:
                    self._answers.put(message)
                else:
                    self._note(message["method"], message.get("params", {}))

    def _note(self, event: str, params: dict[str, Any]) -> None:
        match event:
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(params["exceptionDetails"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                entry = params["entry"]
                self.complaints.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(f"console: {[a.get('value') for a in params['args']]}")


_KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "Home": 36, "End": 35, "Enter": 13, "Tab": 9}


@contextmanager
def driven(browser: str, folder: Path, seconds: int) -> Iterator[Page]:
    """A page that shows nothing yet."""
    theirs_in, ours_out = _pipe()
    ours_in, theirs_out = _pipe()
    try:
        with chromium(browser, "about:blank", folder, seconds, (theirs_in, theirs_out)):
            os.close(theirs_in)
            os.close(theirs_out)
            page = Page(ours_out, ours_in)
            yield page
        page._reader.join(10)
    finally:
        os.close(ours_out)
        os.close(ours_in)


def _pipe() -> tuple[int, int]:
    """Both ends of a pipe, above the numbers that Chromium wants them under."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
