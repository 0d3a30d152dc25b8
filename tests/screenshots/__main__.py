"""`make screenshots`: the pictures of docs/images, from a study of the demo that is played for them.

Whatever would differ from one time to the next (when a run was begun, how long a call took) is set in a copy of the
database, so that equal pages are equal pictures.
"""

import json
import sqlite3
from contextlib import closing
from functools import partial
from io import BytesIO
from os import environ
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from time import tzset

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.settings import Settings
from simulations import (
    evaluate_recommendation,
    evaluate_user,
    flower_evaluate,
    flower_train,
    hints_evaluate,
    hints_explore,
    hints_train,
    import_data,
)
from tests.simulations.viewer.browser.conftest import served

IMAGES = Path(__file__).parents[2] / "docs" / "images"
BEGUN = 1_762_000_000
"""A morning in November 2025."""
COLOURS = 128
LOOP, AGENT = "study-sasrec-afl", "study-sasrec-agent"
PAGES = {
    "runs": ("/", 560),
    "run": (f"/runs/{LOOP}", 900),
    "sessions": (f"/runs/{LOOP}/sessions?result=won", 700),
    "dialogue": (f"/runs/{LOOP}/sessions/{{won}}", 1000),
    "compare": (f"/compare?run={AGENT}&run={LOOP}", 900),
    "side-by-side": (f"/compare/{{won}}?run={AGENT}&run={LOOP}", 1000),
    "judging": ("/runs/taste-afl/judging", 850),
    "hints": ("/hints/films", 1000),
    "flower": ("/flower/films", 1000),
}
"""Picture -> address and height; `{won}` is a session that the loop wins."""


def main() -> None:
    """Writes every picture, and says which."""
    environ["TZ"] = "UTC"
    tzset()
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        settings = Settings.model_validate({"AFL_HOME": folder, "AFL_DB": None, "OPENAI_API_KEY": None})
        play(settings)
        database = Path(folder) / "afl.db"
        won = still(database)
        with served(settings.db_url, settings.data_dir) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
            for name, (path, height) in PAGES.items():
                picture = shot(browser, address + path.format(won=won), height)
                (IMAGES / f"{name}.png").write_bytes(picture)
                print(f"docs/images/{name}.png  {len(picture) / 1000:.0f} kB")
            browser.close()


def play(settings: Settings) -> None:
    """Both agents, by the offline model, over viewers of the demo."""
    import_data("demo", name="demo", users=1000, settings=settings)
    offline = partial(dict, dataset="demo", llm="offline", settings=settings)
    evaluate_recommendation(**offline(run="study", sessions=100))
    evaluate_user(**offline(run="taste", sessions=20, ratios=("1:1", "1:3")))
    hints_explore(**offline(run="films", size=8, max_sessions=100))
    hints_train("films", sessions=300, settings=settings)
    hints_evaluate("films", settings=settings)
    flower_train("films", target=popular(settings), settings=settings)
    flower_evaluate("films", settings=settings)


def popular(settings: Settings) -> Path:
    """A target: how often each of the 60 films is met that most viewers of the demo have seen."""
    demo = DatasetStore(settings.data_dir).load("demo")
    counts = np.bincount(demo.splits[Split.TRAIN].items, minlength=len(demo.catalogue))
    first = np.argsort(-counts, kind="stable")[:60].tolist()
    target = settings.home / "films.json"
    target.write_text(json.dumps({demo.catalogue.titles[item]: int(counts[item]) for item in first}))
    return target


def still(database: Path) -> str:
    """Makes the clock of the database stand, and returns a session that the loop wins in its second round."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE runs SET created = ? + 600 * id", (BEGUN,))
        connection.execute("UPDATE sessions SET finished = ? + 600 * run + position", (BEGUN,))
        connection.execute("UPDATE session_tallies SET ended = ? + 600 * run + 100", (BEGUN,))
        connection.execute("UPDATE journal SET latency = 0.4 + 0.1 * length(content) / 1000")
        connection.execute("UPDATE pace SET at = ?", (BEGUN,))
        connection.execute("UPDATE knowledge_bases SET created = ?", (BEGUN,))
        query = (
            "SELECT session FROM sessions JOIN runs ON runs.id = run WHERE name = ? AND hit AND NOT base_hit "
            "AND rounds = 2 AND by_round LIKE '[[0,%' ORDER BY position"
        )
        return str(connection.execute(query, (LOOP,)).fetchone()[0])


def shot(browser: Browser, address: str, height: int) -> bytes:
    """The top of a page, in few colours: it is small, and text stays sharp."""
    page = browser.new_page(
        viewport={"width": 1100, "height": height}, color_scheme="light", reduced_motion="reduce"
    )
    page.goto(address, wait_until="networkidle")
    page.wait_for_selector("[data-running]", state="detached")
    picture = Image.open(BytesIO(page.screenshot(animations="disabled")))
    page.close()
    small = BytesIO()
    picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return small.getvalue()


if __name__ == "__main__":
    main()
