"""A run that is going, watched without touching the page."""

from collections.abc import Callable, Iterator

import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import expect

from memory.records import CandidateRecord
from memory.store import Store
from tests.simulations.viewer.browser.conftest import served
from tests.simulations.viewer.conftest import CONFIG, LISTS, TALK, TARGETS, record

Finish = Callable[[str, int], None]


@pytest.fixture(scope="session")
def going(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Finish]]:
    """A viewer over a run that is going; `finish(session, position)` records one more of its sessions."""
    folder = tmp_path_factory.mktemp("going")
    url = f"sqlite:///{folder / 'afl.db'}"
    with start_blocking_portal() as portal:
        store = portal.call(Store.open, url)
        run = portal.call(store.begin_run, "going", CONFIG, CandidateRecord("c0ffee", LISTS))

        def finish(session: str, position: int) -> None:
            portal.call(record, run, session, position, TARGETS[session], TALK[session])

        with portal.wrap_async_context_manager(run.hold()), served(url, folder) as address:
            yield address, finish
        portal.call(store.close)


def test_what_is_going_is_kept_up_to_date(going: tuple[str, Finish], visit) -> None:
    address, finish = going
    runs, page = visit(address), visit(f"{address}/runs/going")
    expect(page.locator(".status")).to_have_text("running")
    expect(page.locator("main")).to_contain_text("0 of 4 sessions done")
    page.evaluate("document.body.dataset.untouched = 'yes'")
    finish("7", 0)
    expect(page.locator("main")).to_contain_text("1 of 4 sessions done")
    expect(page.locator("#hit-rate .plot .point").first).to_be_visible()
    expect(runs.locator("tbody")).to_contain_text("1/4")
    assert page.evaluate("document.body.dataset.untouched") == "yes"
