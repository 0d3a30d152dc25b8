"""The page of a ranking run: HR@k and NDCG@k of its lists, and no chart that has nothing to show."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from afl.metrics.ranking import evaluate_lists
from afl.types import Outcome, Role
from memory.records import CandidateRecord
from memory.store import Store
from simulations.execution.asynchrony import wait_for
from simulations.viewer.app import create_app
from tests.simulations.viewer.conftest import CONFIG, LISTS, Said, record

RANKING = {**CONFIG, "rounds": 1, "reward": "none", "protocol": "ranking", "listed": 3, "candidates": 3}
RANKS = {"7": 1, "8": 3, "9": 2}
"""Session -> rank of the target; session 10 failed without a list."""


def _list(rank: int) -> Said:
    titles = ["Alien", "Up"]
    titles.insert(rank - 1, "Heat")
    return Said("loop", 1, Role.RECOMMENDATION, item=titles[0], ranking=tuple(titles), reason="By pace.")


async def _fill(url: str) -> None:
    async with await Store.open(url) as store:
        run = await store.begin_run("lists", RANKING, CandidateRecord("c0ffee", LISTS))
        for position, (session, rank) in enumerate(RANKS.items()):
            await record(run, session, position, "Heat", [_list(rank)])
        await record(
            run, "10", 3, "Heat", [Said("loop", 1, Role.RECOMMENDATION, item=None, outcome=Outcome.DECLINED)]
        )


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("ranking")
    url = f"sqlite:///{folder / 'afl.db'}"
    wait_for(_fill(url))
    with TestClient(create_app(url, datasets=folder, hosts=["testserver"])) as opened:
        yield opened


def test_a_ranking_run_has_every_metric_of_its_lists(lists: TestClient) -> None:
    ranked = lists.get("/api/runs/lists").json()["ranked"]
    expected = evaluate_lists([*RANKS.values(), None], top=3)
    assert {score["metric"]: score["value"]["value"] for score in ranked} == {
        name: estimate.value for name, estimate in expected.items()
    }
    assert [score["completed"]["n"] for score in ranked] == [3, 3, 3]


def test_the_page_shows_them_as_a_table_and_a_chart(lists: TestClient) -> None:
    page = lists.get("/runs/lists").text
    table = page[page.index("Means over sessions; a session without a list counts as a miss") :]
    for cell in ("HR@1", "HR@3", "NDCG@3", "0.7500", "0.5327", "random order"):
        assert cell in table
    (chart,) = [chart for chart in _charts(page) if chart["x"] == "metric"]
    assert [point["x"] for point in chart["series"][0]["points"]] == ["HR@1", "HR@3", "NDCG@3"]


def test_no_chart_is_empty(lists: TestClient) -> None:
    page = lists.get("/runs/lists").text
    points = [
        sum(point["y"] for series in chart["series"] for point in series["points"]) for chart in _charts(page)
    ]
    assert len(points) >= 3
    assert all(points)
    assert '<p class="empty">' not in page


def test_the_page_mentions_no_dialogue(lists: TestClient) -> None:
    page = lists.get("/runs/lists").text
    assert "accept" not in page


def test_other_runs_have_no_list_metrics(api: Callable[[str], Any], html: Callable[[str], str]) -> None:
    assert "ranked" not in api("/runs/talk")
    assert "NDCG" not in html("/runs/talk")


def _charts(page: str) -> list[dict[str, Any]]:
    return [json.loads(found) for found in re.findall(r'<script type="application/json">(.*?)</script>', page)]
