"""Flower models: the list, what a model makes of a target or of popularity groups, and how it was trained."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from starlette.testclient import TestClient

from afl.flower.stored_evaluation import Evaluation, TitleShares, store_evaluation
from simulations.viewer.app import create_app
from tests.simulations.viewer import flower_models
from tests.simulations.viewer.hostile_text import STRANGE

Api = Callable[[str], Any]
Html = Callable[[str], str]


@pytest.fixture
def anew(database: str, tmp_path: Path) -> Iterator[TestClient]:
    """A viewer whose folder of models, `tmp_path / "flower"`, is still empty."""
    with TestClient(create_app(database, datasets=tmp_path / "data", hosts=["testserver"])) as asking:
        yield asking


def test_models_are_listed_by_task_with_their_numbers(api: Api) -> None:
    models = api("/flower")["models"]
    assert [(one["task"], one["name"]) for one in models] == [
        ("distribution", "fitted"),
        ("next-item", "begun"),
        ("next-item", "flowers"),
        ("next-item", "imitates"),
    ]
    assert [one["objective"] for one in models] == ["flower", "sft", "flower", "flower"]
    assert [(one["label"], one["value"]) for one in models[0]["numbers"]] == [
        ("JS", 0.01),
        ("KL(result ‖ target)", 0.03),
        ("off the catalogue", 0.00002),
    ]


def test_a_small_number_does_not_look_like_nothing(html: Html) -> None:
    assert "2.0e-05" in html("/flower")


def test_models_of_one_data_set_are_drawn_beside_each_other(api: Api, html: Html) -> None:
    gaps = {one["name"]: one["gaps"] for one in api("/flower")["models"]}
    assert gaps["flowers"] == pytest.approx([0.1, -0.1])
    assert gaps["imitates"] == pytest.approx([0.3, -0.3])
    assert '"name": "flowers"' in html("/flower")
    assert "films: share of recommendations − share of histories" in html("/flower")


def test_titles_are_ordered_by_their_share_of_the_target(api: Api) -> None:
    page = api("/flower/fitted")
    assert [(one["title"], one["rank"], one["count"]) for one in page["titles"]] == [
        ("Alien", 1, 4),
        ("Up", 2, 3),
        ("Heat", 3, 0),
    ]
    assert page["titles"][0]["drawn"] == pytest.approx(4 / 7)
    assert page["titles"][0]["exact"] == 0.45


def test_titles_can_be_ordered_by_their_gap(api: Api, html: Html) -> None:
    assert [one["title"] for one in api("/flower/fitted?order=gap")["titles"]] == ["Heat", "Up", "Alien"]
    assert 'href="/flower/fitted?order=gap#titles"' in html("/flower/fitted")


def test_groups_are_shown_with_their_gaps(api: Api, html: Html) -> None:
    groups = api("/flower/flowers")["groups"]
    assert [one["group"] for one in groups] == [1, 2]
    assert [one["gap"] for one in groups] == pytest.approx([0.1, -0.1])
    assert "Histories and recommendations, by group" in html("/flower/flowers")


def test_a_number_comes_with_its_interval(api: Api, html: Html) -> None:
    assert api("/flower/flowers")["numbers"][0]["ci95"] == [0.03, 0.08]
    assert "0.0300–0.0800" in html("/flower/flowers")


def test_the_training_is_drawn(api: Api, html: Html) -> None:
    training = api("/flower/flowers")["training"]
    assert (training["finished"], training["steps"]) == (True, 40)
    assert training["curve"][1] == {"step": 40, "loss": 0.5, "validation": 1.75}
    assert 'id="training"' in html("/flower/flowers")


def test_a_model_that_is_not_finished_says_so(html: Html) -> None:
    assert "Its training has been left at step 0" in html("/flower/begun")
    assert "data-running" not in html("/flower/begun")


@pytest.mark.parametrize(("ago", "said"), [(0, "Its training is at step 20"), (600, "has been left at step 20")])
def test_a_running_training_is_updated(anew: TestClient, tmp_path: Path, ago: int, said: str) -> None:
    state = flower_models.store_model(tmp_path / "flower", "odd", "next-item", {}, None).checkpoint_file
    save_file({"x": np.zeros(1)}, state, {"standing": json.dumps({"step": 20, "curve": [[20, 1.0, 2.0]]})})
    os.utime(state, (time() - ago, time() - ago))
    page = anew.get("/flower/odd").text
    assert said in page
    assert ("data-running" in page) == (ago == 0)
    assert 'id="training"' in page


def test_an_unknown_model_is_named(client: TestClient) -> None:
    answer = client.get("/flower/nobody")
    assert answer.status_code == 404
    assert "no Flower model is called &#39;nobody&#39;; available: begun, fitted" in answer.text


def test_an_address_leads_nowhere_else(client: TestClient) -> None:
    assert client.get("/flower/~2E~2E").status_code == 404
    assert client.get("/flower/~2E~2E~2Fdata").status_code == 404


def test_without_a_model_the_command_that_trains_one_is_named(anew: TestClient) -> None:
    assert "afl flower train --task next-item" in anew.get("/flower").text


def test_titles_that_mean_harm_are_text(anew: TestClient, tmp_path: Path) -> None:
    one = flower_models.store_model(
        tmp_path / "flower", "odd", "distribution", {"target": STRANGE, STRANGE: STRANGE}, flower_models.LOG
    )
    titles = TitleShares((STRANGE,) * 300, (1 / 300,) * 300, (1,) * 300)
    store_evaluation(one, Evaluation({"task": STRANGE, "js": STRANGE}, {STRANGE: STRANGE}, titles))
    page = anew.get("/flower/odd").raise_for_status().text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert len(page.encode()) < 300_000
    assert "<script>alert" not in anew.get("/flower").raise_for_status().text


@pytest.mark.parametrize(
    "said", ["{}", "[]", '{"version": 1, "result": {}, "settings": {}, "groups": {"history": [1]}}']
)
def test_an_unreadable_evaluation_is_ignored(anew: TestClient, tmp_path: Path, said: str) -> None:
    one = flower_models.store_model(
        tmp_path / "flower", "odd", "next-item", {"dataset": "films"}, flower_models.LOG
    )
    (one.folder / "evaluation.json").write_text(said)
    page = anew.get("/api/flower/odd").raise_for_status().json()
    assert (page["evaluated"], page["groups"], page["numbers"]) == (False, [], [])


@pytest.mark.parametrize("curve", [None, {}, [1], [{}], [[1, 2]], [[1, "2", 3]], [[1, True, 3]]])
def test_a_curve_that_cannot_be_read_is_not_drawn(anew: TestClient, tmp_path: Path, curve: Any) -> None:
    flower_models.store_model(tmp_path / "flower", "odd", "next-item", {}, {"steps": "many", "curve": curve})
    training = anew.get("/api/flower/odd").raise_for_status().json()["training"]
    assert (training["steps"], training["curve"]) == (None, [])


def test_values_that_are_no_numbers_are_left_out(anew: TestClient, tmp_path: Path) -> None:
    one = flower_models.store_model(tmp_path / "flower", "odd", "distribution", {}, flower_models.LOG)
    result = {"js": None, "kl_result_target": True, "off_catalogue": {"value": 1}, "other": 2}
    store_evaluation(one, Evaluation(json.loads(json.dumps(result)), {}, TitleShares(("Up",), (1.0,), (0,))))
    page = anew.get("/api/flower/odd").raise_for_status().json()
    assert [(number["key"], number["value"], number["ci95"]) for number in page["numbers"]] == [
        ("off_catalogue", 1.0, None)
    ]
