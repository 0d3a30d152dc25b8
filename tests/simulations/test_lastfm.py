"""Last.fm as the AFL authors ship it: all 122 sessions, on the lists their published answers belong to."""

from pathlib import Path

import pytest

from afl.testing.server import FakeServer
from tests.simulations.conftest import Afl

PUBLISHED_HITS = 34 / 122


@pytest.fixture
def lastfm(afl: Afl, home: Path, shared_data: Path) -> Path:
    """The published SASRec answers; the data set `lastfm` is imported."""
    assert afl("data", "import", "llara", shared_data / "lastfm", "--name", "lastfm").code == 0
    return shared_data / "prior_lastfm" / "SASRec.csv"


def study(prior: Path, *more: object) -> list[str]:
    fixed = "simulate --dataset lastfm --candidates-from reference --reward none --json"
    return [*fixed.split(), "--recommender", f"file:{prior}", *map(str, more)]


def test_all_sessions_run_through_a_server_with_the_published_answers_as_base(
    afl: Afl, lastfm: Path, server: FakeServer
) -> None:
    finished = afl(*study(lastfm, "--llm", "openai:m", "--base-url", server.url))
    report = finished.json
    assert (finished.code, report["sessions"], report["completed"]) == (0, 122, 122)
    assert report["base"]["value"] == PUBLISHED_HITS
    assert server.counters.chat == report["llm"]["calls"] == sum(report["outcomes"].values())


def test_all_sessions_run_offline(afl: Afl, lastfm: Path) -> None:
    finished = afl(*study(lastfm, "--llm", "offline"))
    assert (finished.code, finished.json["completed"]) == (0, 122)
    assert finished.json["base"]["value"] == PUBLISHED_HITS
    assert finished.json["llm"]["cost_usd"] == 0


def test_the_language_model_by_itself_stands_beside_models(afl: Afl, lastfm: Path) -> None:
    bases = ["--base", "popularity", "--base", "item-knn", "--base", "llm"]
    fixed = "evaluate recommendation --dataset lastfm --llm offline --reward none --arm base --arm agent --json"
    finished = afl(*fixed.split(), *bases)
    rates = {(one["base"], one["arm"]): one["hit_rate_at_1"]["value"] for one in finished.json["results"]}
    assert (finished.code, len(rates), len(finished.json["tests"])) == (0, 6, 3)
    assert {one["n"] for one in finished.json["results"]} == {122}
    assert rates["popularity", "base"] < rates["item-knn", "base"] < rates["llm", "base"]


def test_under_another_seed_the_published_answers_are_not_on_the_lists_and_the_command_stops(
    afl: Afl, lastfm: Path
) -> None:
    finished = afl(*study(lastfm, "--llm", "offline", "--seed", 333))
    assert finished.code == 2
    assert "session '" in finished.complaint
