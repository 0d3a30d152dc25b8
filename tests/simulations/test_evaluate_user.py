"""`afl evaluate user`: what is asked, what the arms know, and the numbers out of the exports alone."""

import json
import signal
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from scipy.stats import bootstrap

from afl.llm.canned_answers import canned_answer
from afl.testing.server import FakeServer, running_server
from simulations.commands.data import import_data
from tests.simulations.conftest import Afl, Assassin, Finished, Launch

Exported = Callable[[str], bytes]
Line = dict[str, Any]


def arguments(*more: object) -> list[str]:
    """Four items a user of `small`, two of them held out."""
    fixed = "evaluate user --dataset small --split all --llm openai:m --recommender none --items 4 --json"
    return [*fixed.split(), *map(str, more)]


@pytest.fixture
def judged(afl: Afl, small: Path, server: FakeServer) -> Afl:
    """`judged("--arm", "afl")`: all users of `small` without base models."""
    fixed = ("--ratio", "1:1", "--ratio", "1:3", "--reward", "none", "--base-url", server.url)
    return lambda *more: afl(*arguments(*fixed, *more))


def judgements(export: bytes) -> list[Line]:
    """The last attempt about each item, in the order of sessions and items."""
    lines = [json.loads(line) for line in export.decode().splitlines()]
    asked = [line for line in lines if line["phase"] == "judge"]
    return list({(line["session"], line["round"]): line for line in asked}.values())


def at_ratio(lines: Sequence[Line], k: int, items: int) -> dict[str, list[Line]]:
    """Session -> the first `items / (1 + k)` wanted and the first unwanted of its items."""
    found: dict[str, list[Line]] = {}
    by_session = defaultdict(list)
    for line in lines:
        by_session[line["session"]].append(line)
    for session, said in by_session.items():
        wanted = [line for line in said if line["label"]][: items // (1 + k)]
        unwanted = [line for line in said if not line["label"]][: items - items // (1 + k)]
        found[session] = wanted + unwanted
    return found


def by_hand(answers: Sequence[tuple[bool, bool]]) -> tuple[float, float, float]:
    """Precision, recall and F1 of (yes, wanted) pairs."""
    true = sum(yes and wanted for yes, wanted in answers)
    yes, wanted = sum(yes for yes, _ in answers), sum(wanted for _, wanted in answers)
    return (true / yes if yes else 0.0, true / wanted, 2 * true / (yes + wanted))


def answers(users: dict[str, list[Line]], yes: Callable[[Line], bool]) -> list[list[tuple[bool, bool]]]:
    return [[(yes(line), line["label"]) for line in lines] for lines in users.values()]


def expected(users: Sequence[Sequence[tuple[bool, bool]]]) -> dict[str, Any]:
    """What `results` should say of these users."""
    scores = [by_hand(user) for user in users]
    precision, recall, f1 = (fmean(values) for values in zip(*scores, strict=True))
    everything = [answer for user in users for answer in user]
    said_yes = [by_hand(user)[0] for user in users if any(yes for yes, _ in user)]
    return {
        "users": len(users),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "f1_of_means": 2 * precision * recall / (precision + recall),
        "precision_defined": {"value": fmean(said_yes), "users": len(said_yes)},
        "micro": dict(zip(("precision", "recall", "f1"), by_hand(everything), strict=True)),
        "yes_rate": fmean(yes for yes, _ in everything),
    }


def reported(result: dict[str, Any]) -> dict[str, Any]:
    """The same part of an entry of `results`."""
    flat = {name: result[name]["value"] for name in ("precision", "recall", "f1")}
    kept = ("users", "f1_of_means", "precision_defined", "micro", "yes_rate")
    return flat | {name: result[name] for name in kept}


def without_memory(messages: Sequence[dict[str, str]]) -> list[str]:
    """The requests without the paragraph that tells of refusals."""
    parts = [message["content"].split("\n\n") for message in messages]
    return ["\n\n".join(part for part in each if not part.startswith("Refused so far:")) for each in parts]


# ---- on the authors' 60 users, with trained models


@pytest.fixture(scope="module")
def lastfm_ab(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with both Last.fm sets; one SASRec is trained there, in the first test that needs it."""
    from afl.settings import Settings

    home = tmp_path_factory.mktemp("lastfm") / "home"
    settings = Settings(AFL_HOME=home, AFL_DB=None)  # type: ignore[call-arg]
    import_data("llara", shared_data / "lastfm", name="lastfm", settings=settings)
    import_data("llara", shared_data / "lastfm_ab", name="lastfm_ab", settings=settings)
    return home


@pytest.fixture(scope="module")
def evaluations() -> list[Finished]:
    """Filled by the first test that needs it."""
    return []


@pytest.fixture
def on_lastfm_ab(
    lastfm_ab: Path,
    shared_data: Path,
    evaluations: list[Finished],
    afl: Afl,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Finished:
    """The evaluation, with the published answers as the loop's base model: they belong to these very lists."""
    monkeypatch.setenv("AFL_HOME", str(lastfm_ab))
    if not evaluations:
        prior = shared_data / "prior_lastfm" / "SASRec_AB_20.csv"
        fixed = "evaluate user --dataset lastfm_ab --llm offline --candidates-from reference --run ab --json"
        few = "sasrec:epochs=4"  # what is tested is the arithmetic, whatever the scores are
        evaluations.append(afl(*fixed.split(), "--recommender", f"file:{prior}", "--reward", few))
    return evaluations[0]


def test_three_arms_by_three_ratios_are_what_the_exports_say(on_lastfm_ab: Finished, exported: Exported) -> None:
    report = on_lastfm_ab.json
    threshold = report["threshold"]["value"]
    lines = {arm: judgements(exported(f"ab-{arm}")) for arm in ("agent", "afl")}
    said: dict[str, tuple[list[Line], Callable[[Line], bool]]] = {
        "reward": (lines["afl"], lambda line: line["score"] >= threshold - 1e-9),
        "agent": (lines["agent"], lambda line: line["decision"] == "yes"),
        "afl": (lines["afl"], lambda line: line["decision"] == "yes"),
    }
    found = {
        (arm, f"1:{k}"): expected(answers(at_ratio(asked, k, 20), yes))
        for arm, (asked, yes) in said.items()
        for k in (1, 3, 9)
    }
    given = {(result["arm"], result["ratio"]): reported(result) for result in report["results"]}
    assert on_lastfm_ab.code == 0
    assert given.keys() == found.keys()
    assert flat(given) == pytest.approx(flat(found))


def flat(value: Any, path: str = "") -> dict[str, float]:
    if not isinstance(value, dict):
        return {path: value}
    return {key: leaf for name, part in value.items() for key, leaf in flat(part, f"{path}/{name}").items()}


def test_intervals_and_differences_are_those_of_an_independent_bootstrap(
    on_lastfm_ab: Finished, exported: Exported
) -> None:
    f1 = {
        arm: np.array(
            [
                by_hand(user)[2]
                for user in answers(
                    at_ratio(judgements(exported(f"ab-{arm}")), 3, 20), lambda line: line["decision"] == "yes"
                )
            ]
        )
        for arm in ("agent", "afl")
    }
    report = on_lastfm_ab.json
    result = next(one for one in report["results"] if (one["arm"], one["ratio"]) == ("afl", "1:3"))
    test = next(
        one
        for one in report["tests"]
        if (one["a"], one["b"], one["ratio"], one["metric"]) == ("agent", "afl", "1:3", "f1")
    )
    assert result["f1"]["ci95"] == pytest.approx(interval(f1["afl"]), abs=0.015)
    assert test["difference"] == pytest.approx(float((f1["afl"] - f1["agent"]).mean()))
    assert test["ci95"] == pytest.approx(interval(f1["afl"] - f1["agent"]), abs=0.01)
    assert len(report["tests"]) == 27
    assert all(one["p"] <= one["p_holm"] for one in report["tests"])


def interval(values: Any) -> list[float]:
    found = bootstrap((values,), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(1))
    return [float(found.confidence_interval.low), float(found.confidence_interval.high)]


def test_the_agent_alone_has_no_memory_and_that_of_the_loop_has_and_nothing_else_differs(
    on_lastfm_ab: Finished, exported: Exported
) -> None:
    alone, after = judgements(exported("ab-agent")), judgements(exported("ab-afl"))
    remembering = [line for line in after if "Refused so far:" in json.dumps(line["messages"])]
    assert not any("Refused so far:" in json.dumps(line["messages"]) for line in alone)
    assert len(remembering) > len(after) // 4
    assert [without_memory(line["messages"]) for line in after] == [
        [message["content"] for message in line["messages"]] for line in alone
    ]


def test_the_loop_is_played_once_per_user_and_serves_all_ratios(
    on_lastfm_ab: Finished, exported: Exported
) -> None:
    asked = judgements(exported("ab-afl"))
    assert len(asked) == 60 * (10 + 18)
    assert len({(line["session"], line["item"]) for line in asked}) == len(asked)


def test_models_learn_from_the_imported_set_with_the_same_catalogue(on_lastfm_ab: Finished, afl: Afl) -> None:
    config = afl("inspect", "ab-afl", "--json").json["run"]["config"]
    assert config["train_on"] == "lastfm"
    assert on_lastfm_ab.json["threshold"]["sequences"] == 122


# ---- on a small data set, with a server in place of a model


def test_held_out_items_are_the_last_of_the_sequence_and_the_others_were_never_touched(
    judged: Afl, exported: Exported
) -> None:
    judged("--run", "x", "--arm", "afl")
    touched = {f"u{user}": [f"Band {(user * 7 + time * 11) % 60}" for time in range(6)] for user in range(30)}
    users = at_ratio(judgements(exported("x-afl")), 1, 4)
    assert {session: [line["item"] for line in lines if line["label"]] for session, lines in users.items()} == {
        session: items[-2:] for session, items in touched.items()
    }
    assert not any(
        line["item"] in touched[session] for session, lines in users.items() for line in lines if not line["label"]
    )


def test_unwanted_items_are_not_among_the_candidates(judged: Afl, exported: Exported) -> None:
    judged("--run", "x", "--arm", "afl")
    lines = [json.loads(line) for line in exported("x-afl").decode().splitlines()]
    shown = {line["session"]: json.dumps(line["messages"]) for line in lines if line["phase"] == "loop"}
    unwanted = [line for line in lines if line["phase"] == "judge" and not line["label"]]
    assert len(unwanted) == 30 * 3
    assert not any(f". {line['item']}\\n" in shown[line["session"]] for line in unwanted)


def test_an_answer_that_cannot_be_read_is_a_failure_and_no_label(
    afl: Afl, small: Path, exported: Exported
) -> None:
    def garbled(messages: Sequence[dict[str, Any]]) -> str:
        asked = messages[1]["content"]
        return "Perhaps." if "Recommendation: Band 1\n" in asked else canned_answer(messages)

    with running_server(garbled) as server:
        found = afl(*arguments("--ratio", "1:1", "--reward", "none", "--arm", "agent", "--base-url", server.url))
    result = found.json["results"][0]
    asked = judgements(exported(found.json["runs"][0]))
    failed = [line for line in asked if line["item"] == "Band 1"]
    assert found.code == 1
    assert result["failures"] == len(failed) > 0
    assert {(line["decision"], line["outcome"]) for line in failed} == {(None, "unparsed")}
    assert result["yes_rate"] == fmean(line["decision"] == "yes" for line in asked if line["item"] != "Band 1")
    assert result["completed"]["f1"]["n"] == 30 - len({line["session"] for line in failed})


def test_several_seeds_average_within_users_and_never_count_as_users(judged: Afl, exported: Exported) -> None:
    result = judged("--run", "x", "--arm", "agent", "--seeds", 3).json["results"][0]
    seeds = [
        [
            by_hand(user)
            for user in answers(at_ratio(judgements(exported(run)), 1, 4), lambda line: line["decision"] == "yes")
        ]
        for run in result["runs"]
    ]
    recall = [fmean(scores[1] for scores in user) for user in zip(*seeds, strict=True)]
    assert result["runs"] == ["x-agent", "x-agent-304", "x-agent-305"]
    assert (result["users"], result["recall"]["n"]) == (30, 30)
    assert result["recall"]["value"] == pytest.approx(fmean(recall))


def test_the_same_command_continues_and_asks_nothing_twice(judged: Afl, server: FakeServer) -> None:
    first = judged("--run", "x", "--arm", "agent", "--arm", "afl")
    asked = len(server.requests)
    again = judged("--run", "x", "--arm", "agent", "--arm", "afl")
    assert again.json == first.json
    assert len(server.requests) == asked


@pytest.mark.parametrize("at", [40, 110])
def test_a_killed_evaluation_goes_on_to_the_same_bytes(
    at: int, small: Path, afl: Afl, launch: Launch, exported: Exported
) -> None:
    assassin = Assassin()
    with running_server(assassin) as server:
        said = ["--ratio", "1:1", "--reward", "none", "--arm", "afl", "--base-url", server.url]
        assert afl(*arguments(*said, "--run", "whole")).code == 0
        started = launch_aimed(launch, assassin, arguments(*said, "--run", "cut"), at=len(assassin.requests) + at)
        assert started.code == -signal.SIGKILL
        assert afl(*arguments(*said, "--run", "cut")).code == 0
    assert exported("cut-afl") == exported("whole-afl")


def launch_aimed(launch: Launch, assassin: Assassin, command: Sequence[str], *, at: int) -> Finished:
    process: list[Any] = []
    assassin.aim(lambda: process[0].pid, at=at, signal=signal.SIGKILL)
    process.append(launch(command))
    finished: Finished = process[0].wait()
    return finished


# ---- mistakes


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        (("--ratio", "2:3"), "--ratio: got '2:3', expected wanted to unwanted like 1:1, 1:3 or 1:9"),
        (("--ratio", "1:2"), "--ratio: got '1:2', which does not divide 4 items; expected 1:1, 1:3"),
        (("--arm", "oracle"), "--arm: got 'oracle', expected one of: reward, agent, afl"),
        (("--reward", "none"), "--reward: got 'none', which scores nothing; name the other arms with --arm"),
        (
            ("--items", "8"),
            "no session in split 'all'; a session needs a sequence of at least 8 items, 4 of them held",
        ),
        (("--seeds", "0"), "--seeds: got 0, expected at least 1"),
        (("--train-on", "nobody"), "no data set is called 'nobody'"),
    ],
)
def test_a_mistake_is_one_line_and_asks_nothing(
    stated: tuple[str, ...], complaint: str, afl: Afl, small: Path, server: FakeServer
) -> None:
    found = afl(*arguments("--base-url", server.url, *stated))
    assert found.code == 2
    assert complaint in found.complaint
    assert server.requests == []


# ---- reading


def test_inspect_shows_what_was_judged_beside_what_was_wanted(judged: Afl, afl: Afl) -> None:
    judged("--run", "x", "--arm", "agent")
    shown = afl("inspect", "x-agent", "--session", "u3")
    wanted = afl("inspect", "x-agent", "--session", "u3", "--json").json["dialogue"]["turns"][0]
    assert "judged without a dialogue" in shown.out
    assert f"{wanted['item']} wanted  {wanted['decision']}" in shown.out
    assert wanted["label"] is True


def test_runs_give_no_hit_rate_where_nothing_was_recommended(judged: Afl, afl: Afl) -> None:
    judged("--run", "x", "--arm", "agent")
    line = next(line for line in afl("runs").out.splitlines() if line.startswith("x-agent"))
    assert line.split()[6:11] == ["30", "of", "30", "0", "–"]


# ---- the memory of further rounds


def test_the_memory_of_so_many_rounds_is_that_of_a_loop_of_so_many(
    afl: Afl, small: Path, server: FakeServer, exported: Exported
) -> None:
    fixed = (
        "study user-rounds --dataset small --split all --llm openai:m --recommender none --reward none --items 4"
    )
    more = ("--rounds", 3, "--run", "x", "--json", "--base-url", server.url)
    report = afl(*fixed.split(), *more).json
    arms = [one["arm"] for one in report["results"] if one["ratio"] == "1:1"]
    most = [max(remembered(line) for line in judgements(exported(run))) for run in report["runs"]]
    assert arms == ["no memory", "1 round", "2 rounds", "3 rounds"]
    assert report["runs"] == ["x-no-memory", "x-afl-1", "x-afl-2", "x-afl"]
    assert most == [0, 1, 2, 3]
    assert len(server.requests) == len(set(map(repr, server.requests)))


def remembered(line: Line) -> int:
    return str(line["messages"]).count("- Round ")
