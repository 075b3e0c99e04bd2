"""Windows of a browser, and what they cost it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from playwright.sync_api import Browser, CDPSession, Page

_WIDTH, _HEIGHT = 1400, 900

#: Notes when the page has counted so many units, and each frame in which it changes.
_NOTES = """(() => {
  window.noted = {filled: 0, draws: 0, drawn: 0, long: 0};
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (one.duration >= 100) noted.long += 1;
  }).observe({type: 'longtask'});
  new MutationObserver(() => {
    const now = performance.now();
    if (now - noted.drawn > 10) { noted.draws += 1; noted.drawn = now; }
    const text = document.querySelector('.head .muted')?.textContent;
    if (!noted.filled && text?.endsWith(' units')) noted.filled = now;
  }).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
})()"""

#: Times between frames, ms.
FRAMES = """(seconds) => new Promise((done) => {
  const found = [];
  let last = performance.now();
  const until = last + 1000 * seconds;
  const frame = (now) => {
    found.push(now - last);
    last = now;
    now < until ? requestAnimationFrame(frame) : done(found);
  };
  requestAnimationFrame(frame);
})"""


@contextmanager
def window(browser: Browser) -> Iterator[tuple[Page, CDPSession]]:
    """A window with an empty cache, and the browser's own figures of it."""
    context = browser.new_context(viewport={"width": _WIDTH, "height": _HEIGHT})
    page = context.new_page()
    page.add_init_script(_NOTES)
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    yield page, session
    context.close()


def open_fleet(page: Page, address: str, units: int) -> None:
    """Open the fleet page, and wait until it has counted all units."""
    page.goto(f"{address}/fleet")
    page.get_by_text(f"{units:,} units").wait_for(timeout=60_000)


def metrics(session: CDPSession) -> dict[str, float]:
    """The browser's figures of a window; times are CPU of its main thread, s."""
    found = session.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in found}


def heap_of(session: CDPSession) -> tuple[float, float]:
    """Bytes in use and nodes, after a collection."""
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"], metrics(session)["Nodes"]


def renderer_process() -> psutil.Process:
    """The process that draws the page: the one that has worked most."""
    found = [
        process
        for process in psutil.Process().children(recursive=True)
        if any(argument.startswith("--type=renderer") for argument in process.cmdline())
    ]
    return max(found, key=cpu_of)


def cpu_of(process: psutil.Process) -> float:
    """CPU that a process has used, s."""
    times = process.cpu_times()
    return times.user + times.system
