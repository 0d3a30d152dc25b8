"""`afl evaluate recommendation`: the arms, their numbers out of the exports, and continuing."""

import csv
import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetStore
from afl.llm.canned_answers import canned_answer
from afl.testing.server import FakeServer, running_server
from simulations.options.run_options import RunOptions
from simulations.studies.recommendation import arm_of
from simulations.task.task import Task
from tests.simulations.conftest import Afl, Assassin, Finished, Launch

N = 30
Exported = Callable[[str], bytes]


def suggestions(dataset: Dataset, path: Path, *, right: int) -> Path:
    """A base model's answers: the target for the first `right` sessions, another candidate for the rest."""
    task = Task.of(dataset, RunOptions(dataset="small", llm="offline", split="all"))
    sessions = [task.session(place) for place in range(len(task))]
    wrong = [next(item for item in one.view.candidates if item != one.target) for one in sessions]
    said = [one.target if place < right else wrong[place] for place, one in enumerate(sessions)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [
                ("id", "generate"),
                *((one.id, one.view.title(item)) for one, item in zip(sessions, said, strict=True)),
            ]
        )
    return path


@pytest.fixture
def base(small: Path, dataset: Dataset, tmp_path: Path) -> str:
    """A base model that is right in 12 of 30 sessions."""
    return f"file:{suggestions(dataset, tmp_path / 'twelve.csv', right=12)}"


def arguments(base: str, *more: object) -> list[str]:
    fixed = "evaluate recommendation --dataset small --split all --llm openai:m --reward none"
    return [*fixed.split(), "--base", base, *map(str, more)]


@pytest.fixture
def evaluated(afl: Afl, base: str, server: FakeServer) -> Afl:
    """`evaluated("--run", "x")`: all sessions of `small` in all arms, as JSON."""
    return lambda *more: afl(*arguments(base, "--base-url", server.url, "--json", *more))


def lines(export: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.decode().splitlines()]


def last_recommendations(export: bytes) -> dict[str, bool]:
    """Session -> whether its last recommendation is the target, out of an export alone."""
    said = [line for line in lines(export) if line["role"] == "recommendation" and line["outcome"] == "ok"]
    return {line["session"]: line["item"] == line["target"] for line in said}


def suggested(export: bytes) -> dict[str, bool]:
    first = [line for line in lines(export) if line["role"] == "recommendation" and line["round"] == 1]
    return {line["session"]: line["suggestion"] == line["target"] for line in first}


def wilson_by_hand(hits: int) -> list[float]:
    """The roots of (p - q)² = z² q (1 - q) / n."""
    z, p = 1.959963984540054, hits / N
    a, b, c = 1 + z * z / N, -(2 * p + z * z / N), p * p
    return [(-b - sqrt(b * b - 4 * a * c)) / (2 * a), (-b + sqrt(b * b - 4 * a * c)) / (2 * a)]


def mcnemar_by_hand(first: dict[str, bool], second: dict[str, bool]) -> float:
    won = sum(second[session] and not first[session] for session in first)
    lost = sum(first[session] and not second[session] for session in first)
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def test_the_json_has_the_promised_keys(evaluated: Afl) -> None:
    found = evaluated("--run", "x").json
    assert list(found) == ["runs", "results", "tests", "costs"]
    result = "base arm rounds n hit_rate_at_1 hit_rate_at_1_completed failures run"
    assert [list(entry) for entry in found["results"]] == [result.split()] * 3
    assert list(found["results"][0]["hit_rate_at_1"]) == ["value", "ci95"]
    test = "base a b metric n difference ci95 p p_holm detectable"
    assert [list(entry) for entry in found["tests"]] == [test.split()] * 3
    assert [(entry["a"], entry["b"]) for entry in found["tests"]] == [
        ("base", "agent"),
        ("base", "afl"),
        ("agent", "afl"),
    ]


def test_every_arm_equals_a_recount_of_the_exports(evaluated: Afl, exported: Exported) -> None:
    found = evaluated("--run", "x").json
    agent, afl = (exported(run) for run in found["runs"])
    hits = [sum(one.values()) for one in (suggested(afl), last_recommendations(agent), last_recommendations(afl))]
    assert hits[0] == 12
    rates = [entry["hit_rate_at_1"] for entry in found["results"]]
    assert [rate["value"] for rate in rates] == pytest.approx([count / N for count in hits])
    assert [rate["ci95"] for rate in rates] == [pytest.approx(wilson_by_hand(count), abs=1e-9) for count in hits]
    assert [entry["rounds"] for entry in found["results"]] == [0, 1, 4]


def test_every_test_equals_a_recount_of_the_exports(evaluated: Afl, exported: Exported) -> None:
    found = evaluated("--run", "x").json
    agent, afl = (exported(run) for run in found["runs"])
    arms = {"base": suggested(afl), "agent": last_recommendations(agent), "afl": last_recommendations(afl)}
    p_values = [mcnemar_by_hand(arms[test["a"]], arms[test["b"]]) for test in found["tests"]]
    differences = [(sum(arms[test["b"]].values()) - sum(arms[test["a"]].values())) / N for test in found["tests"]]
    assert [test["p"] for test in found["tests"]] == pytest.approx(p_values)
    assert [test["difference"] for test in found["tests"]] == pytest.approx(differences)
    low, middle, high = sorted(p_values)
    stepped = [min(1, 3 * low), max(3 * low, 2 * middle), max(3 * low, 2 * middle, high)]
    assert sorted(test["p_holm"] for test in found["tests"]) == pytest.approx([min(1, p) for p in stepped])


def test_the_agent_arm_asks_no_user_agent(evaluated: Afl, exported: Exported, server: FakeServer) -> None:
    found = evaluated("--run", "x", "--arm", "agent")
    said = lines(exported(found.json["runs"][0]))
    assert {(line["role"], line["round"]) for line in said} == {("recommendation", 1)}
    assert server.counters.chat == len(said) == N
    assert (found.code, found.json["tests"]) == (0, [])


def test_the_agent_arm_sees_what_the_loop_shows_in_its_first_round(evaluated: Afl, exported: Exported) -> None:
    agent, afl = (lines(exported(run)) for run in evaluated("--run", "x").json["runs"])
    first = [line for line in afl if (line["role"], line["round"]) == ("recommendation", 1)]
    assert [line["messages"] for line in agent] == [line["messages"] for line in first]


def test_a_model_that_is_not_there_is_trained_and_a_line_says_so(afl: Afl, small: Path) -> None:
    fixed = "evaluate recommendation --dataset small --split test --base gru4rec --arm base"
    command = fixed.split()
    line = "afl: no gru4rec is trained on 'small' yet, so it is trained now; to train it beforehand: afl train gru4rec"
    assert f"{line} --dataset small\n" in afl(*command).err
    assert line not in afl(*command).err


def test_the_base_arm_alone_asks_no_language_model_and_makes_no_run(afl: Afl, base: str) -> None:
    found = afl(
        "evaluate",
        "recommendation",
        "--dataset",
        "small",
        "--split",
        "all",
        "--base",
        base,
        "--arm",
        "base",
        "--json",
    )
    (result,) = found.json["results"]
    assert (found.code, found.json["runs"], result["run"]) == (0, [], None)
    assert result["hit_rate_at_1"]["value"] == pytest.approx(12 / N)
    assert afl("runs", "--json").json == {"runs": []}


def test_the_same_command_again_asks_nothing_and_says_the_same(evaluated: Afl, server: FakeServer) -> None:
    first = evaluated("--run", "x")
    asked = server.counters.chat
    assert evaluated("--run", "x").json == first.json
    assert server.counters.chat == asked


def test_an_unnamed_loop_is_the_run_simulate_would_make(
    afl: Afl, base: str, server: FakeServer, evaluated: Afl
) -> None:
    run = evaluated("--arm", "afl").json["runs"][0]
    asked = server.counters.chat
    simulate = "simulate --dataset small --split all --llm openai:m --reward none --json"
    again = afl(*simulate.split(), "--recommender", base, "--base-url", server.url)
    assert (again.json["run"], server.counters.chat) == (run, asked)


@pytest.fixture
def assassin() -> Assassin:
    return Assassin()


@pytest.fixture
def watched(assassin: Assassin) -> Iterator[FakeServer]:
    with running_server(assassin) as running:
        yield running


def test_killed_in_the_second_arm_the_command_continues(
    afl: Afl, base: str, assassin: Assassin, watched: FakeServer, launch: Launch
) -> None:
    command = arguments(base, "--base-url", watched.url, "--json", "--concurrency", 1)
    pid: Future[int] = Future()
    assassin.aim(pid.result, at=N + 20, signal=signal.SIGKILL)
    process = launch([*command, "--run", "killed"])
    pid.set_result(process.pid)
    process.wait()
    continued = afl(*command, "--run", "killed").json
    asked = len(assassin.requests)
    undisturbed = afl(*command, "--run", "undisturbed").json
    assert continued["tests"] == undisturbed["tests"]
    assert asked == len(assassin.requests) - asked + 1  # the one that was under way


def mumbling(messages: Any) -> str:
    """Answers as ever, but recommends nothing where Band 7 is on the list."""
    said = canned_answer(messages)
    shown = "".join(message["content"] for message in messages)
    return "Well." if "Item:" in said and ". Band 7\n" in shown else said


def test_failed_sessions_are_misses_and_counted(afl: Afl, base: str, exported: Exported) -> None:
    with running_server(mumbling) as server:
        found = afl(
            *arguments(base, "--base-url", server.url, "--run", "x", "--arm", "agent", "--arm", "base", "--json")
        )
    one, agent = found.json["results"]
    hits = last_recommendations(exported(agent["run"]))
    assert (found.code, agent["failures"], one["failures"]) == (1, N - len(hits), 0)
    assert 0 < agent["failures"] < N
    assert agent["hit_rate_at_1"]["value"] == pytest.approx(sum(hits.values()) / N)
    assert agent["hit_rate_at_1_completed"]["value"] == pytest.approx(sum(hits.values()) / len(hits))
    assert found.json["tests"][0]["n"] == N


def test_every_base_model_is_tested_within_itself(
    afl: Afl, base: str, server: FakeServer, small: Path, tmp_path: Path
) -> None:
    other = f"file:{suggestions(DatasetStore(small / 'data').load('small'), tmp_path / 'all.csv', right=N)}"
    two = ["--base", other, "--arm", "agent", "--arm", "base", "--base-url", server.url, "--run", "x"]
    found = afl(*arguments(base, *two, "--json")).json
    assert [(test["base"], test["a"], test["b"]) for test in found["tests"]] == [
        (base, "base", "agent"),
        (other, "base", "agent"),
    ]
    assert [entry["hit_rate_at_1"]["value"] for entry in found["results"][::2]] == pytest.approx([12 / N, 1.0])
    assert len(set(found["runs"])) == 2


def test_people_get_two_tables(afl: Afl, base: str, server: FakeServer) -> None:
    shown = afl(*arguments(base, "--base-url", server.url, "--run", "x"))
    assert (shown.code, "95 % interval" in shown.out) == (0, True)
    assert "Paired differences of HR@1: 3 comparisons" in shown.out
    assert "detectable" in shown.out
    assert "ignificant at the 5 % level after Holm's adjustment" in " ".join(shown.out.split())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--arm", "user"], "--arm: got 'user'"),
        (["--base", "none"], "'none', which suggests nothing"),
        (["--base", "sasrec", "--base", "sasrec"], "got 'sasrec' twice"),
        (["--base", "nobody"], "no recommender is called 'nobody'"),
        (["--base", "file:absent.csv"], "absent.csv"),
        ([], "--llm is missing"),
    ],
)
@pytest.mark.usefixtures("small")
def test_mistakes_are_one_line_before_anything_is_done(options: list[str], complaint: str, afl: Afl) -> None:
    refused: Finished = afl("evaluate", "recommendation", "--dataset", "small", *options)
    assert refused.code == 2
    assert complaint in refused.complaint


def test_names_of_runs_are_safe_and_differ_where_base_models_do() -> None:
    assert arm_of("sasrec:7", "afl").run_name("x", None) == "x-sasrec-7-afl"
    one, two = (arm_of(base, "agent").run_name("x", None) for base in ("file:a/SAS Rec.csv", "file:b/SAS Rec.csv"))
    assert one.startswith("x-file-SAS-Rec-")
    assert one != two


def test_suggestions_that_changed_between_two_arms_end_the_command(
    evaluated: Afl, dataset: Dataset, afl: Afl, server: FakeServer, tmp_path: Path, base: str
) -> None:
    evaluated("--run", "x", "--arm", "agent")
    suggestions(dataset, tmp_path / "twelve.csv", right=13)
    refused = evaluated("--run", "x")
    assert refused.code == 2
    assert "recommender_content" in refused.complaint


def test_simulate_without_a_user_has_one_round_and_replays(afl: Afl, small: Path, server: FakeServer) -> None:
    simulate = (
        "simulate --dataset small --split all --llm openai:m --recommender none --reward none --no-user --json"
    )
    one = afl(*simulate.split(), "--base-url", server.url, "--run", "x").json
    asked = server.counters.chat
    again = afl("simulate", "--replay", "x", "--run", "y", "--json").json
    assert [(entry["round"], entry["accepted"]) for entry in one["by_round"]] == [(1, 0)]
    assert (again["by_round"], again["hit_rate_at_1"]) == (one["by_round"], one["hit_rate_at_1"])
    assert asked == server.counters.chat == N


def test_without_a_user_further_rounds_are_a_mistake(afl: Afl, small: Path) -> None:
    refused = afl("simulate", "--dataset", "small", "--llm", "offline", "--no-user", "--rounds", 2)
    assert (refused.code, "--rounds: got 2, expected 1" in refused.complaint) == (2, True)


def test_a_study_with_a_user_is_configured_as_before_there_was_a_choice(dataset: Dataset) -> None:
    options = RunOptions(dataset="small", llm="offline", split="all")
    assert "user" not in Task.of(dataset, options).configuration()
    assert Task.of(dataset, replace(options, user=False, rounds=1)).configuration()["user"] is False
