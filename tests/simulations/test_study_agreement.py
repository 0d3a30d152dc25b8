"""`afl study agreement` and true likes, over a small demo whose base models have learned nothing."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from scipy.stats import mannwhitneyu

from afl.data.dataset_store import DatasetStore
from afl.data.importers.demo.films import all_films
from afl.data.importers.demo.taste import taste_of, values
from afl.settings import Settings
from simulations.commands.data import import_data
from simulations.task.training_data import RECOMMENDER_SEED, REWARD_SEED
from tests.simulations.conftest import Afl, Finished, keep_untrained

Line = dict[str, Any]
SAID = "--dataset demo --llm offline --ratio 1:1 --ratio 1:3 --items 8 --rounds 2 --run x --json"
OVER = SAID.split()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "home"
    settings = Settings(AFL_HOME=folder, AFL_DB=None)  # type: ignore[call-arg]
    import_data("demo", name="demo", users=150, settings=settings)
    keep_untrained(
        DatasetStore(settings.data_dir).load("demo"), settings.models_dir, RECOMMENDER_SEED, REWARD_SEED
    )
    return folder


@pytest.fixture
def at_home(demo: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFL_HOME", str(demo))


@pytest.fixture
def studied(at_home: None, afl: Afl) -> Finished:
    return afl("study", "agreement", *OVER)


@pytest.fixture
def evaluated(at_home: None, afl: Afl) -> Finished:
    return afl("evaluate", "user", "--arm", "agent", "--arm", "afl", *OVER)


def judged(export: bytes) -> dict[str, list[Line]]:
    """Session -> the last attempt about each item."""
    found: dict[str, dict[int, Line]] = defaultdict(dict)
    for line in map(json.loads, export.decode().splitlines()):
        if line["phase"] == "judge":
            found[line["session"]][line["round"]] = line
    return {session: list(said.values()) for session, said in found.items()}


def at_ratio(items: list[Line], wanted: int) -> list[Line]:
    first = [line for line in items if line["label"]][:wanted]
    return [*first, *[line for line in items if not line["label"]][: 8 - wanted]]


def auc(items: list[Line]) -> float | None:
    yes = [line["score"] for line in items if line["decision"] == "yes"]
    no = [line["score"] for line in items if line["decision"] == "no"]
    return float(mannwhitneyu(yes, no).statistic) / (len(yes) * len(no)) if yes and no else None


def test_agreement_is_what_scipy_makes_of_the_export(studied: Finished, exported: Callable[[str], bytes]) -> None:
    users = judged(exported("x-agent")).values()
    each = [auc(at_ratio(items, 4)) for items in users]
    found = studied.json["results"][0]
    assert (found["arm"], found["ratio"], studied.json["study"]) == ("agent", "1:1", "agreement")
    assert found["auc_score"]["value"] == pytest.approx(fmean(one for one in each if one is not None))
    assert found["undivided"] == each.count(None)
    assert (found["users"], found["failures"]) == (len(each), 0)


def test_the_yes_rate_is_that_of_the_export(studied: Finished, exported: Callable[[str], bytes]) -> None:
    users = judged(exported("x-afl")).values()
    rates = [fmean(line["decision"] == "yes" for line in at_ratio(items, 2)) for items in users]
    found = next(one for one in studied.json["results"] if (one["arm"], one["ratio"]) == ("afl", "1:3"))
    assert found["yes_rate"]["value"] == pytest.approx(fmean(rates))
    assert fmean(band["value"] for band in found["bands"] if band["n"]) == pytest.approx(fmean(rates), abs=0.1)


def test_arms_are_tested_at_every_ratio(studied: Finished) -> None:
    tests = [(test["a"], test["b"], test["ratio"], test["metric"]) for test in studied.json["tests"]]
    assert tests == [
        ("agent", "afl", ratio, metric) for ratio in ("1:1", "1:3") for metric in ("auc_score", "auc_label")
    ]


def test_runs_are_shared_with_the_evaluation(studied: Finished, evaluated: Finished) -> None:
    assert studied.json["runs"] == evaluated.json["runs"] == ["x-agent", "x-afl"]


def test_people_see_the_yes_rate_by_quarter_of_the_scores(at_home: None, afl: Afl) -> None:
    shown = afl("study", "agreement", *OVER[:-1]).out
    assert "Yes-rate by reward score" in shown
    assert "highest" in shown
    assert "yes ~ score" in shown


def test_without_a_reward_model_there_is_nothing_to_agree_with(at_home: None, afl: Afl) -> None:
    refused = afl("study", "agreement", *OVER, "--reward", "none")
    assert (refused.code, "there is no score to agree with" in refused.complaint) == (2, True)


# ---- what users truly like


def likes(user: str, title: str) -> bool:
    taste = taste_of(user)
    film = next(film for film in all_films() if film.title == title)
    return taste.value in values(taste.aspect, film)


def by_hand(answers: list[tuple[bool, bool]]) -> tuple[float, float]:
    """Precision and recall of (yes, liked) pairs."""
    both, yes = sum(said and liked for said, liked in answers), sum(said for said, _ in answers)
    return both / yes if yes else 0.0, both / sum(liked for _, liked in answers)


def test_true_scores_are_those_of_the_export_and_the_tastes(
    evaluated: Finished, exported: Callable[[str], bytes]
) -> None:
    users = {user: at_ratio(items, 4) for user, items in judged(exported("x-afl")).items()}
    said = [
        [(line["decision"] == "yes", likes(user, line["item"])) for line in items] for user, items in users.items()
    ]
    scores = [by_hand(answers) for answers in said if any(liked for _, liked in answers)]
    found = next(one for one in evaluated.json["truth"] if (one["arm"], one["ratio"]) == ("afl", "1:1"))
    assert found["users"] == len(scores)
    assert found["precision"]["value"] == pytest.approx(fmean(precision for precision, _ in scores))
    assert found["recall"]["value"] == pytest.approx(fmean(recall for _, recall in scores))
    assert found["liked"] == pytest.approx(fmean(liked for answers in said for _, liked in answers))


def test_held_out_items_are_themselves_held_against_the_truth(
    evaluated: Finished, exported: Callable[[str], bytes]
) -> None:
    users = {user: at_ratio(items, 4) for user, items in judged(exported("x-agent")).items()}
    said = [[(line["label"], likes(user, line["item"])) for line in items] for user, items in users.items()]
    scores = [by_hand(answers) for answers in said if any(liked for _, liked in answers)]
    found = evaluated.json["truth"][0]
    assert (found["arm"], found["ratio"]) == ("held-out", "1:1")
    assert found["precision"]["value"] == pytest.approx(fmean(precision for precision, _ in scores))


def test_without_true_labels_none_are_reported(afl: Afl, untrained: None) -> None:
    said = "evaluate user --dataset small --split all --llm offline --arm agent --items 4 --sessions 3 --json"
    assert "truth" not in afl(*said.split()).json


def test_people_see_true_likes_beside_held_out_items(at_home: None, afl: Afl) -> None:
    shown = afl("evaluate", "user", "--arm", "agent", *OVER[:-1]).out
    assert "True preferences, unknown to models and agents" in shown
    assert "held-out" in shown
