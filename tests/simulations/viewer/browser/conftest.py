"""A real browser before a real viewer: what its console complains about fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from simulations.viewer.app import create_app

Visit = Callable[..., Page]

expect.set_options(timeout=20_000)  # on a busy machine plotly alone takes six seconds to load


@contextmanager
def served(database: str, datasets: Path) -> Iterator[str]:
    """The address of a viewer over this database."""
    answering = Queue[int]()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            answering.put(self.servers[0].sockets[0].getsockname()[1])

    app = create_app(database, datasets=datasets)
    server = Server(uvicorn.Config(app, port=0, log_level="error", ws="none", lifespan="on"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{answering.get(timeout=30)}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def site(database: str, datasets: Path) -> Iterator[str]:
    """The address of a viewer over the small database."""
    with served(database, datasets) as address:
        yield address


@pytest.fixture(scope="session")
def strange_site(strange_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a viewer over words that mean harm."""
    with served(strange_database, tmp_path_factory.mktemp("data")) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Debian's Chromium, or another, is installed."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("Chromium is expected in CI: .ci/run installs it")
    return found or pytest.skip("Chromium is not installed")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """`visit(address)`: the page, in a window of its own; at the end nothing may have been complained about."""
    complaints: list[str] = []
    context = browser.new_context()
    context.set_default_timeout(20_000)

    def heard(message: ConsoleMessage) -> None:
        complaints.extend([message.text] if message.type in ("error", "warning") else [])

    def go(address: str, *, width: int = 1000, **media: Any) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 800})
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.emulate_media(**media)
        page.goto(address)
        return page

    yield go
    context.close()
    assert complaints == []
