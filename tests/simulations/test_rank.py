"""`afl rank`: what a list is worth, out of the exports; continued, replayed, compared; mistakes in one line."""

import json
from collections.abc import Callable
from math import log2
from pathlib import Path
from typing import Any

import pytest

from afl.llm.canned_answers import canned_answer
from afl.metrics.significance import holm
from afl.testing.server import FakeServer, running_server
from afl.types import Outcome
from memory.records import TargetRankRow
from simulations.analysis.ranked_lists import RankReport
from simulations.analysis.simulation_report import SimulationReport
from simulations.options.command import make_invocation
from simulations.options.run_options import RunOptions
from tests.simulations.conftest import Afl, Simulate

N = 30
"""Sessions of `small`."""
TOP = 4

Exported = Callable[[str], bytes]


@pytest.fixture
def rank(afl: Afl, small: Any, server: FakeServer) -> Afl:
    """`rank("--run", "x")`: lists of four among twelve over all sessions of `small`, as JSON."""
    fixed = f"rank --dataset small --llm openai:m --split all --candidates 12 --top {TOP} --json".split()
    return lambda *more: afl(*fixed, "--base-url", server.url, *more)


def places(export: bytes) -> list[int | None]:
    """Where each session's list has the target, from 1, out of an export alone."""
    said = [json.loads(line) for line in export.decode().splitlines()]
    return [
        line["ranking"].index(line["target"]) + 1 if line["target"] in line["ranking"] else None for line in said
    ]


def test_the_metrics_are_as_the_export_has_them(rank: Afl, exported: Exported) -> None:
    found = rank("--run", "x").json
    listed = [place for place in places(exported("x")) if place is not None]
    assert (found["hr_at_4"]["n"], found["sessions"], found["completed"]) == (N, N, N)
    assert found["hr_at_1"]["value"] == sum(place == 1 for place in listed) / N
    assert found["hr_at_4"]["value"] == len(listed) / N
    assert found["ndcg_at_4"]["value"] == pytest.approx(sum(1 / log2(place + 1) for place in listed) / N)


def test_a_session_is_one_request_without_a_user_agent(rank: Afl, server: FakeServer) -> None:
    found = rank("--run", "x").json
    assert (found["llm"]["calls"], len(server.requests)) == (N, N)
    assert found["base"] is None


def test_the_json_says_what_was_listed_and_what_chance_earns(rank: Afl) -> None:
    found = rank("--run", "x").json
    assert (found["candidates"], found["top"]) == (12, TOP)
    assert found["chance"]["hr_at_4"] == pytest.approx(4 / 12)
    assert found["completed_only"]["hr_at_4"] == found["hr_at_4"]
    assert "by_round" not in found
    assert "hit_rate_at_1" not in found


def test_the_same_command_continues_and_asks_nothing_twice(rank: Afl, server: FakeServer) -> None:
    first = rank("--run", "x").json
    again = rank("--run", "x").json
    assert again["ndcg_at_4"] == first["ndcg_at_4"]
    assert (again["llm"]["calls"], len(server.requests)) == (0, N)


def test_a_replay_is_answered_by_the_recorded_run_alone(rank: Afl, afl: Afl, exported: Exported) -> None:
    first = rank("--run", "x").json
    again = afl("rank", "--replay", "x", "--run", "y", "--json").json
    assert [again[key] for key in ("hr_at_4", "ndcg_at_4", "top")] == [
        first[key] for key in ("hr_at_4", "ndcg_at_4", "top")
    ]
    assert exported("y") == exported("x")


def test_a_dialogue_is_not_replayed_as_a_ranking(afl: Afl, simulated: Simulate, server: FakeServer) -> None:
    simulated(server)
    assert "run 'x' is no ranking run" in afl("rank", "--replay", "x", "--run", "y").complaint


def test_a_list_longer_than_the_candidates_is_refused(rank: Afl) -> None:
    finished = rank("--top", 13)
    assert (finished.code, finished.complaint) == (
        2,
        "afl: --top: got 13, expected 1 to 12, the number of candidates",
    )


def test_a_data_set_without_lists_is_refused_with_a_hint_to_draw_them(rank: Afl) -> None:
    assert "has no candidate list from its source" in rank("--candidates-from", "source").complaint


def test_people_see_each_metric_beside_chance(rank: Afl, afl: Afl) -> None:
    rank("--run", "x")
    shown = " ".join(afl("rank", "--replay", "x", "--run", "y").out.split())
    assert "Lists of 4 out of 12 candidates; 30 sessions, 30 completed, 0 failed." in shown
    assert "metric value 95 % interval n only order" in shown
    assert "HR@4" in shown
    assert "NDCG@4" in shown


def test_a_session_without_a_list_is_a_miss_and_left_out_of_the_completed_ones(
    simulated: Simulate, server: FakeServer
) -> None:
    rows = [
        TargetRankRow("a", 1, 1, Outcome.OK.value),
        TargetRankRow("b", 1, None, Outcome.UNPARSED.value),
    ]
    done: SimulationReport = simulated(server, sessions=3)
    report = RankReport.of(done, rows, candidates=12, top=TOP)
    assert (report.scores["hr_at_1"].value, report.scores["hr_at_1"].n) == (pytest.approx(1 / 3), 3)
    assert (report.scores_completed["hr_at_1"].value, report.scores_completed["hr_at_1"].n) == (1.0, 1)


def test_two_ranking_runs_are_compared_metric_by_metric(rank: Afl, afl: Afl) -> None:
    rank("--run", "x")
    with running_server(lambda messages: canned_answer(messages[:1] + messages)) as other:
        rank("--run", "y", "--base-url", other.url)
    found = afl("compare", "x", "y", "--json").json["ranked"]
    assert [entry["metric"] for entry in found] == ["hr_at_1", "hr_at_4", "ndcg_at_4"]
    assert [entry["difference"] for entry in found] == pytest.approx(
        [entry["b"]["value"] - entry["a"]["value"] for entry in found]
    )
    assert [entry["p_holm"] for entry in found] == holm([entry["p"] for entry in found]).tolist()


def test_runs_of_which_one_is_a_dialogue_are_not_compared_as_lists(
    rank: Afl, afl: Afl, loop: Afl, server: FakeServer
) -> None:
    rank("--run", "x")
    loop(server, "--run", "y", "--candidates", 12)
    assert "ranked" not in afl("compare", "x", "y", "--json").json


def test_the_report_has_the_lists_beside_a_random_order(rank: Afl, afl: Afl, tmp_path: Path) -> None:
    value = rank("--run", "x").json["ndcg_at_4"]["value"]
    rank("--run", "y")
    afl("report", "x", "y", "--out", tmp_path / "page")
    page = (tmp_path / "page" / "report.md").read_text()
    assert "## Ranked lists" in page
    assert "| HR@1 | x |" in page
    (row,) = [line for line in page.splitlines() if line.startswith("| NDCG@4 | x |")]
    assert f" {value:.4f} " in row
    assert [line.split(" | ")[-1] for line in page.splitlines() if line.startswith("| HR@")][:4] == [
        "0.0833 |",
        "0.0833 |",
        "0.3333 |",
        "0.3333 |",
    ]
    assert "None of the 3 differences is significant" in page
    assert (tmp_path / "page" / "figures" / "ranking.svg").is_file()


def test_defaults_are_those_of_re2llm(rank: Afl, afl: Afl, server: FakeServer) -> None:
    afl(
        "rank", "--dataset", "small", "--llm", "openai:m", "--split", "all", "--run", "x", "--base-url", server.url
    )
    prompt = server.requests[0]["messages"][-1]["content"]
    assert "\n50. " in prompt
    assert "List the 10 best" in prompt


def test_a_ranking_run_has_no_user_agent_and_no_reward_model() -> None:
    from simulations.commands.rank import RankOptions, ranking_options

    chosen = ranking_options(make_invocation(RankOptions, {"dataset": "d", "llm": "offline"}))
    assert chosen == RunOptions(
        dataset="d",
        llm="offline",
        rounds=1,
        candidates=50,
        listed=10,
        protocol="ranking",
        recommender="none",
        reward="none",
        user=False,
    )
