"""Drives Debian's Chromium without a screen through its own debugging pipe."""

import base64
import json
import os
import select
import shutil
import subprocess
import time

import pytest

#: Chromium reads commands from file 3 and writes answers to file 4, parted by zero bytes.
READ, WRITE = 3, 4


class Browser:
    """One page, everything it logged, threw or asked the network for."""

    def __init__(self, profile) -> None:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            pytest.skip("no chromium on PATH; apt-get install chromium")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        words = [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]
        # The shell puts the pipes where Chromium looks for them.
        script = f'exec "$@" {READ}<&{to_read} {WRITE}>&{to_write}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", *words],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._number, self._session = b"", 0, None
        self.requests, self.complaints = [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Send a command and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _receive(self, seconds=60):
        end = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0, end - time.monotonic()))
            chunk = os.read(self._from, 1 << 20) if ready else b""
            assert chunk, "the browser does not answer"
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(line)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, event, said):
        if event == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(said["exceptionDetails"])
        elif event == "Runtime.consoleAPICalled":
            self.complaints.append(said["args"])
        elif event == "Log.entryAdded":
            self.complaints.append(said["entry"])

    def open(self, path, *, width=1200, height=900, phone=False, scheme="light"):
        """Open a file and wait until it is loaded."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.requests.clear()
        self.complaints.clear()
        self.call("Page.navigate", url=path.as_uri())
        while self._receive().get("method") != "Page.loadEventFired":
            pass

    def drain(self, quiet=0.2):
        """Hear what the page still has to say, until it has been silent so many seconds."""
        while b"\0" in self._buffer or select.select([self._from], [], [], quiet)[0]:
            self._receive()

    def value(self, expression):
        """Evaluate JavaScript in the page."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_until(self, expression, seconds=20):
        """Wait until JavaScript holds."""
        end = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.05)

    def texts(self, selector):
        """Visible text of every element that fits."""
        return self.value(f"[...document.querySelectorAll({selector!r})].map((e) => e.innerText)")

    def click(self, selector):
        """Click the middle of an element with the mouse."""
        x, y = self.value(
            f"""(() => {{ const e = document.querySelector({selector!r});
            e.scrollIntoView({{ block: "center", inline: "center" }});
            const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key):
        """Press and let go a key such as ArrowRight, Tab, Enter."""
        code = {"ArrowLeft": 37, "ArrowRight": 39, "Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def picture(self, path):
        """Save what is shown as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self):
        """End the browser."""
        self._session = None
        self.call("Browser.close")
        self._process.wait(30)
        os.close(self._to)
        os.close(self._from)
