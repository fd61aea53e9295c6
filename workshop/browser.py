"""Drive JupyterLab in a headless Chromium: for looking, and for browser tests.

The server has its own configuration, data, runtime and workspace folders, listens on
127.0.0.1 alone and is ended by its own process id.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notebooks import ROOT, environment

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false", "checkForUpdates": False,
    },
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}  # fmt: skip
_READY = "() => window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')"
_IDLE = """() => {
  const app = window.jupyterapp;
  const panel = app && app.shell.currentWidget;
  const kernel = panel && panel.sessionContext.session?.kernel;
  const cells = panel ? [...panel.content.widgets] : [];
  const waiting = cells.some(c => c.node.querySelector('.jp-InputPrompt')
    ?.textContent?.includes('*'));
  return kernel && kernel.status === 'idle' && !waiting;
}"""
_CLOSE_SIDES = """() => {
  const shell = window.jupyterapp.shell;
  shell.collapseLeft(); shell.collapseRight();
}"""


def chromium() -> str | None:
    """Return the path of a Chromium or Chrome, None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next(filter(None, map(shutil.which, names)), None)


@dataclass(frozen=True)
class Server:
    """A running JupyterLab."""

    url: str
    token: str
    root: Path

    def address(self, notebook: str) -> str:
        """Return the address that opens a notebook in a fresh workspace."""
        return f"{self.url}/lab/tree/{notebook}?reset&token={self.token}"


@contextmanager
def serving(root: Path, private: Path) -> Iterator[Server]:
    """Run JupyterLab on a folder of notebooks; everything it writes is private."""
    config = private / "config"
    (config / "labconfig").mkdir(parents=True)
    overrides = json.dumps(OVERRIDES)
    (config / "labconfig" / "default_setting_overrides.json").write_text(overrides)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    env = environment(str(private / "nodata")) | {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_CONFIG_PATH": str(config),
        "JUPYTER_DATA_DIR": str(private / "data"),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
        "IPYTHONDIR": str(private / "ipython"),
    }
    log = (private / "server.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1",
         f"--port={port}", "--ServerApp.port_retries=0", "--allow-root",
         f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}",
         "--LabApp.expose_app_in_browser=True"],
        env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", token, root)
    try:
        _wait_for(server, process, private / "server.log")
        yield server
    finally:
        _end(process)
        log.close()


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    request = urllib.request.Request(
        f"{server.url}/api/status", headers={"Authorization": f"token {server.token}"}
    )
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and the kernels it started: its own process group, no other."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


@contextmanager
def browsing(width: int = 1200, height: int = 900) -> Iterator[Any]:
    """Open a browser; yield a page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.set_default_timeout(40_000)
        yield page
        browser.close()


def open_notebook(page: Any, server: Server, notebook: str) -> None:
    """Open a notebook and wait until its cells stand there and its kernel is idle."""
    page.goto(server.address(notebook))
    page.wait_for_function(_READY)
    page.evaluate(_CLOSE_SIDES)
    page.wait_for_function(_IDLE)


def run_all(page: Any, timeout: float = 120.0) -> None:
    """Run every cell and wait until the kernel has nothing more to do."""
    page.evaluate("() => window.jupyterapp.commands.execute('runmenu:run-all')")
    page.wait_for_timeout(300)
    wait_idle(page, timeout)


def wait_idle(page: Any, timeout: float = 120.0) -> None:
    """Wait until no cell waits or runs."""
    page.wait_for_function(_IDLE, timeout=timeout * 1000)


def errors(page: Any) -> list[str]:
    """Return the error outputs that stand on the page."""
    found = page.locator("[data-mime-type='application/vnd.jupyter.stderr']")
    broken = page.locator(".jupyter-widgets-error-widget").all_inner_texts()
    return [text for text in found.all_inner_texts() if "Error" in text] + broken


def widget(page: Any, name: str = "", place: int = 0) -> Any:
    """Find a lab's live widget by its name (CSS class ``fltutor-<name>``)."""
    found = page.locator(f".fltutor-{name}" if name else ".fltutor-widget:has(img)")
    found.nth(place).wait_for(state="visible")
    return found.nth(place)


def control(page: Any, name: str, field: str, place: int = 0) -> Any:
    """Find the input of a control by its field's name; "" finds a card's only one."""
    row = widget(page, name, place).locator(f".control-{field}" if field else "label")
    inputs = row.locator("input:checked, input:not([type=radio]), select")
    return inputs.first


def press(page: Any, name: str, field: str, key: str, times: int = 1, place: int = 0
          ) -> None:  # fmt: skip
    """Focus a control and press a key: the way without a mouse."""
    knob = control(page, name, field, place)
    knob.scroll_into_view_if_needed()
    knob.focus()
    for _ in range(times):
        page.keyboard.press(key)


def widget_image(page: Any, name: str = "", place: int = 0) -> bytes:
    """Return the PNG bytes that the widget shows now, a canvas' pixels included."""
    script = """async box => {
      const canvas = box.querySelector("canvas");
      const url = canvas ? canvas.toDataURL() : box.querySelector("img").src;
      return [...new Uint8Array(await (await fetch(url)).arrayBuffer())];
    }"""
    box = widget(page, name, place)
    for _ in range(5):
        try:
            return bytes(box.evaluate(script))
        except Exception:  # the picture was replaced while it was read
            page.wait_for_timeout(50)
    return bytes(box.evaluate(script))


def widget_line(page: Any, name: str = "", place: int = 0) -> str:
    """Return the line in words under the widget's picture."""
    line = widget(page, name, place).locator(".fltutor-line").last
    return str(line.inner_text())


def wait_for_picture_change(
    page: Any, before: bytes, name: str = "", timeout: float = 20.0
) -> bytes:
    """Wait until the widget's picture differs from ``before`` and return it."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        now = widget_image(page, name)
        if now != before:
            return now
        page.wait_for_timeout(25)
    raise AssertionError(f"the picture did not change within {timeout} s")


def wait_for_words(page: Any, name: str, words: str, timeout: float = 30.0) -> str:
    """Wait until the widget's line has these words and is final; return it."""
    script = """([name, words]) => {
      const line = document.querySelector(`.fltutor-${name} .fltutor-line`);
      const busy = line.getAttribute("aria-busy") === "true";
      return !busy && line.innerText.includes(words);
    }"""
    page.wait_for_function(script, arg=[name, words], timeout=timeout * 1000)
    return widget_line(page, name)


def course(target: Path, *notebooks: Path) -> Path:
    """Copy notebooks into a folder that a browser may change."""
    target.mkdir(parents=True, exist_ok=True)
    for path in notebooks:
        shutil.copy(path if path.is_absolute() else ROOT / path, target / path.name)
    return target
