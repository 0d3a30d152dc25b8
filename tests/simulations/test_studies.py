"""Studies: ablation and rounds out of the exports, several seeds, and a set-up audited before anything is asked."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pytest

from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetStore
from afl.errors import UsageError
from afl.llm.canned_answers import refusing_answer
from afl.metrics.significance import minimum_detectable_mean_difference
from afl.settings import Settings
from afl.testing.server import FakeServer, running_server
from simulations import study_ablation
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.audit_check import Check, Verdict
from simulations.analysis.paired_tests import compare
from simulations.commands.data import import_data
from simulations.leakage.judged_items import JudgedItemsOfUser, check_judged
from simulations.leakage.preflight import audit_outputs, audit_sessions, require_sound
from simulations.options.run_options import RunOptions
from simulations.studies.arms import over_seeds
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task
from simulations.task.training_data import RECOMMENDER_SEED, REWARD_SEED
from tests.simulations.conftest import Afl, keep_untrained

N = 10
OVER = f"--dataset small --split all --sessions {N} --llm openai:m --json".split()
Exported = Callable[[str], bytes]
Line = dict[str, Any]
ABLATED = ["without both", "without recommender", "without reward", "afl"]


def lines(export: bytes) -> list[Line]:
    return [json.loads(line) for line in export.decode().splitlines()]


def hits(export: bytes, *, rounds: int = 9) -> dict[str, bool]:
    """Session -> whether its last recommendation up to so many rounds is the target, out of an export alone."""
    said = [line for line in lines(export) if line["role"] == "recommendation" and line["round"] <= rounds]
    return {line["session"]: line["item"] == line["target"] for line in said}


def asked(export: bytes) -> str:
    """Everything that was sent in a run."""
    return "\n".join(message["content"] for line in lines(export) for message in line["messages"])


def values(found: dict[str, Any]) -> list[float]:
    return [result["hit_rate_at_1"]["value"] for result in found["results"]]


@pytest.fixture
def study(afl: Afl, server: FakeServer, untrained: None) -> Afl:
    """`study("ablation", "--run", "x")`: over ten sessions of `small`, as JSON."""
    return lambda name, *more: afl("study", name, *OVER, "--base-url", server.url, *more)


@pytest.fixture
def evaluated(afl: Afl, server: FakeServer, untrained: None) -> Afl:
    """`evaluated("--run", "x")`: the arms `agent` and `afl` over ten sessions of `small`, as JSON."""
    fixed = [*OVER, "--arm", "agent", "--arm", "afl", "--base-url", server.url]
    return lambda *more: afl("evaluate", "recommendation", *fixed, *more)


def test_the_ablation_is_as_the_exports_have_it(study: Afl, exported: Exported) -> None:
    found = study("ablation", "--run", "x").json
    assert found["runs"] == ["x-without-both", "x-without-recommender", "x-without-reward", "x-afl"]
    assert [result["arm"] for result in found["results"]] == ABLATED
    assert values(found) == pytest.approx([mean(hits(exported(run)).values()) for run in found["runs"]])
    assert [(test["a"], test["b"]) for test in found["tests"]] == [(less, "afl") for less in ABLATED[:-1]]


def test_what_is_left_out_is_said_to_nobody_and_the_rest_is(study: Afl, afl: Afl, exported: Exported) -> None:
    runs = study("ablation", "--run", "x").json["runs"]
    assert afl("compare", runs[0], runs[-1], "--json").json["n"] == N
    sent = [asked(exported(run)) for run in runs]
    assert ["Advice:" in text for text in sent] == [False, False, True, True]
    assert ["Reward score:" in text for text in sent] == [False, True, False, True]


def test_an_ablation_of_nothing_is_a_mistake(study: Afl) -> None:
    refused = study("ablation", "--reward", "none")
    assert (refused.code, "--reward: got 'none', expected a model" in refused.complaint) == (2, True)


def test_every_round_is_what_a_loop_of_so_many_rounds_would_be(afl: Afl, small: Path) -> None:
    fixed = [*OVER, "--recommender", "none", "--reward", "none", "--base-url"]
    with running_server(refusing_answer) as server:
        found = afl("study", "rounds", *fixed, server.url, "--rounds", 3, "--run", "x").json
        loops = [
            afl("simulate", *fixed, server.url, "--rounds", rounds, "--run", f"of-{rounds}").json
            for rounds in (1, 2, 3)
        ]
    assert found["runs"] == ["x-afl"]
    assert values(found) == pytest.approx([loop["hit_rate_at_1"]["value"] for loop in loops])
    assert [(test["a"], test["b"]) for test in found["tests"]] == [
        ("1 round", "2 rounds"),
        ("2 rounds", "3 rounds"),
        ("1 round", "3 rounds"),
    ]


def falling_silent(messages: Sequence[dict[str, Any]]) -> str:
    """Refuses everything, and says nothing sensible once a refusal of a Band 1 to 19 is remembered."""
    said = refusing_answer(messages)
    prompt = "".join(message["content"] for message in messages)
    return "Well." if "Item:" in said and ": Band 1" in prompt else said


def test_a_session_is_a_miss_from_the_round_it_failed_in(afl: Afl, small: Path, exported: Exported) -> None:
    fixed = [*OVER, "--recommender", "none", "--reward", "none", "--run", "x", "--base-url"]
    with running_server(falling_silent) as server:
        found = afl("study", "rounds", *fixed, server.url)
    failed = {line["session"]: line["round"] for line in lines(exported("x-afl")) if line["outcome"] == "unparsed"}
    assert found.code == 1
    assert [result["failures"] for result in found.json["results"]] == [
        sum(at <= rounds for at in failed.values()) for rounds in (1, 2, 3, 4)
    ]
    assert 0 < len(failed) < N


def test_one_round_is_no_study_of_rounds(study: Afl) -> None:
    refused = study("rounds", "--rounds", 1)
    assert (refused.code, "nothing to compare" in refused.complaint) == (2, True)


def test_several_seeds_average_each_user_before_anything_else(evaluated: Afl, exported: Exported) -> None:
    found = evaluated("--run", "x", "--seeds", 2).json
    runs = ["x-sasrec-afl", "x-sasrec-afl-304"]
    by_seed = [hits(exported(run)) for run in runs]
    users = {user: mean(one[user] for one in by_seed) for user in by_seed[0]}
    result = found["results"][1]
    assert (found["seeds"], result["n"]) == ([303, 304], N)
    assert result["hit_rate_at_1"]["value"] == pytest.approx(mean(users.values()))
    assert [(one["seed"], one["run"]) for one in result["by_seed"]] == list(zip([303, 304], runs, strict=True))
    assert [one["hit_rate_at_1"] for one in result["by_seed"]] == pytest.approx(
        [mean(one.values()) for one in by_seed]
    )


def test_a_study_of_one_seed_can_be_widened(evaluated: Afl, server: FakeServer) -> None:
    one = evaluated("--run", "x").json
    first = server.counters.chat
    wide = evaluated("--run", "x", "--seeds", 2).json
    second = server.counters.chat
    assert evaluated("--run", "x", "--seeds", 2).json == wide
    assert (server.counters.chat, set(one["runs"]) < set(wide["runs"])) == (second, True)
    assert second < 3 * first


def test_all_seeds_are_about_the_same_users_and_other_lists(evaluated: Afl, exported: Exported) -> None:
    runs = evaluated("--run", "x", "--seeds", 2).json["runs"]
    users = [set(hits(exported(run))) for run in runs]
    first, second = (lines(exported(run)) for run in ("x-sasrec-agent", "x-sasrec-agent-304"))
    assert users == [users[0]] * 4
    assert [line["session"] for line in first] == [line["session"] for line in second]
    assert [line["messages"] for line in first] != [line["messages"] for line in second]


def test_answers_of_a_file_belong_to_one_seed() -> None:
    with pytest.raises(UsageError, match="belong to the candidate lists of one seed"):
        over_seeds({"recommender": "file:x.csv"}, 303, 2)
    with pytest.raises(UsageError, match="--seeds: got 0"):
        over_seeds({}, 303, 0)


def test_the_report_names_seeds_and_suspicious_checks(
    afl: Afl, server: FakeServer, untrained: None, small_csv: Path, tmp_path: Path
) -> None:
    # One listener more: another data set, in which models learn from the very sessions they are asked about.
    more = tmp_path / "more.csv"
    more.write_text(small_csv.read_text() + "".join(f"u30,Band {band},{band}\n" for band in range(6)))
    import_data("csv", more, name="more", domain="music")
    settings = Settings()
    keep_untrained(
        DatasetStore(settings.data_dir).load("more"), settings.models_dir, RECOMMENDER_SEED, REWARD_SEED
    )
    fixed = [*OVER[:-1], "--arm", "agent", "--arm", "afl", "--seeds", 2, "--base-url", server.url]
    fixed += ["--split", "train", "--train-on", "more"]
    shown = " ".join(afl("evaluate", "recommendation", *fixed).out.split())
    assert "Each user is averaged over 2 study seeds, 303 to 304." in shown
    assert "and 2 of further seeds" in shown
    assert "Suspicious (split): " in shown


def result(arm: str, *seeds: Sequence[float]) -> ArmResult:
    return ArmResult(
        arm=arm,
        rounds=4,
        seeds=tuple(
            SeedValues(seed=303 + place, run=None, values={str(user): value for user, value in enumerate(said)})
            for place, said in enumerate(seeds)
        ),
    )


def test_the_interval_over_seeds_is_a_bootstrap_over_users() -> None:
    seeds = np.random.default_rng(5).random((20, 60)) < 0.4
    found = result("afl", *seeds.astype(float).tolist()).estimate
    drawn = np.random.default_rng(11).choice(seeds.mean(axis=0), (20_000, 60)).mean(axis=1)
    assert (found.value, found.n) == (pytest.approx(seeds.mean()), 60)
    assert found.ci95 == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.004)


def test_hits_of_one_seed_are_tested_as_hits_and_means_as_means() -> None:
    (hits_test,) = compare([result("base", [0.0] * 20), result("afl", [0.0] * 12 + [1.0] * 8)])
    (means_test,) = compare(
        [result("base", [0.0] * 20, [0.0] * 20), result("afl", [0.0] * 12 + [1.0] * 8, [0] * 20)]
    )
    assert hits_test.p == pytest.approx(2 * 0.5**8)
    spread = float(np.std([0.0] * 12 + [0.5] * 8, ddof=1))
    assert (means_test.difference, means_test.detectable) == (
        0.2,
        minimum_detectable_mean_difference(20, sd=spread),
    )
    assert means_test.n == 20


def test_users_are_paired_by_name_not_by_place() -> None:
    one = result("base", [1.0, 0.0, 0.0])
    values = {"2": 0.0, "1": 1.0, "0": 1.0}
    other = ArmResult(arm="afl", rounds=4, seeds=(SeedValues(seed=303, run=None, values=values),))
    (test,) = compare([one, other])
    assert test.difference == pytest.approx(1 / 3)


def test_a_user_without_a_completed_session_is_left_out_of_the_completed() -> None:
    seeds = (
        SeedValues(seed=303, run=None, values={"a": 1.0, "b": 0.0}, failed=frozenset("b")),
        SeedValues(seed=304, run=None, values={"a": 0.0, "b": 0.0}, failed=frozenset("ab")),
    )
    found = ArmResult(arm="afl", rounds=4, seeds=seeds)
    assert (found.estimate.value, found.failures) == (0.25, 3)
    assert found.estimate_completed is not None
    assert (found.estimate_completed.value, found.estimate_completed.n) == (1.0, 1)


@pytest.fixture
def twins(small: Path, tmp_path: Path) -> str:
    """A data set in which every test session is part of a training sequence."""
    rows = [
        f"{who}{user},Band {user * 7 % 60 + time},{time}"
        for user in range(30)
        for time in range(6)
        for who in "ab"
    ]
    (tmp_path / "twins.csv").write_text("\n".join(["user,item,timestamp", *rows]))
    import_data("csv", tmp_path / "twins.csv", name="twins", domain="music")
    return "twins"


def test_a_broken_set_up_is_refused_before_training_and_requests(
    afl: Afl, twins: str, small: Path, server: FakeServer
) -> None:
    evaluate = f"evaluate recommendation --dataset {twins} --llm openai:m --base none --arm agent --arm afl"
    refused = afl(*evaluate.split(), "--base-url", server.url, "--run", "x")
    assert refused.code == 2
    assert "check 'split' of the audit" in refused.complaint
    assert "docs/audit.md" in refused.complaint
    assert (server.counters.chat, afl("runs", "--json").json) == (0, {"runs": []})
    assert not list((small / "models").glob("**/*"))


def test_studies_refuse_it_too(twins: str, server: FakeServer) -> None:
    with pytest.raises(UsageError, match="the set-up is broken, no request was sent: check 'split'"):
        study_ablation(dataset=twins, llm="openai:m", base_url=server.url)
    assert server.counters.chat == 0


def a_file(dataset: Dataset, path: Path, seed: int, *, off: int = 0) -> str:
    """Answers that are always right, made for the lists of a seed; the first `off` name an item of no list."""
    study = Task.of(dataset, RunOptions(dataset="small", llm="offline", split="all", seed=seed))
    sessions = [study.session(place) for place in range(len(study))]
    said = [("Nobody" if place < off else one.view.title(one.target)) for place, one in enumerate(sessions)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("id", "generate"), *((one.id, title) for one, title in zip(sessions, said, strict=True))]
        )
    return f"file:{path}"


def test_answers_made_for_other_lists_are_refused_as_the_oracle_they_are(
    afl: Afl, dataset: Dataset, tmp_path: Path, server: FakeServer
) -> None:
    base = a_file(dataset, tmp_path / "other.csv", 303, off=20)
    evaluate = "evaluate recommendation --dataset small --split all --llm openai:m --reward none --base"
    refused = afl(*evaluate.split(), base, "--base-url", server.url)
    assert refused.code == 2
    assert "10 of the 10 suggestions on their list are the target: they belong to other lists" in refused.complaint
    assert server.counters.chat == 0


def test_a_suspicious_set_up_is_reported_and_runs(
    afl: Afl, dataset: Dataset, tmp_path: Path, server: FakeServer
) -> None:
    base = a_file(dataset, tmp_path / "oracle.csv", 303)
    evaluate = "evaluate recommendation --dataset small --split all --llm openai:m --reward none --arm base --base"
    found = afl(*evaluate.split(), base, "--json")
    assert (found.code, values(found.json)) == (0, [1.0])
    assert [(check["name"], check["verdict"]) for check in found.json["audit"]] == [("suggestions", "suspicious")]


def test_a_study_may_leave_out_the_check_that_it_is_about() -> None:
    broken = Check("positions", Verdict.BROKEN, "The target is number 1 of every one of 30 lists.")
    assert require_sound([broken], leave_out=("positions",)) == []
    with pytest.raises(UsageError, match="check 'positions' of the audit: The target is number 1 of every"):
        require_sound([broken])


def test_a_sound_set_up_passes_every_check(dataset: Dataset) -> None:
    options = RunOptions(dataset="small", llm="offline", recommender="none", reward="none")
    study = Task.of(dataset, options)
    found = [*audit_sessions(study), *audit_outputs(study, ModelOutputs(None, None))]
    assert [check.name for check in found] == ["positions", "lists", "split", "judged", "suggestions"]
    assert require_sound(found) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (JudgedItemsOfUser([1], [2, 2], [], [1]), "an item twice"),
        (JudgedItemsOfUser([1], [2], [], [1, 2]), "judge an item they touched as an unwanted one"),
        (JudgedItemsOfUser([1], [2], [2], [1]), "judge an unwanted item that the dialogue has shown"),
        (JudgedItemsOfUser([1], [2], [], []), "judge a wanted item that is not held out of their own sequence"),
    ],
)
def test_wrong_judged_items_break_the_check(asked: JudgedItemsOfUser, said: str) -> None:
    check = check_judged([JudgedItemsOfUser([1], [2], [], [1]), asked])
    assert (check.verdict, said in check.text) == (Verdict.BROKEN, True)


def test_who_comes_back_to_an_item_is_no_leak() -> None:
    check = check_judged([JudgedItemsOfUser([1], [2], [1], [1])])
    assert (check.verdict, check.numbers["wanted_shown"]) == (Verdict.OK, 1)
