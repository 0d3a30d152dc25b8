"""Knowledge bases: where hints come from, what they do, and what was not taken."""

from collections.abc import Callable
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from memory.results import TargetRankColumns
from simulations.analysis.hint_effects import HintEffects, mean_with_interval
from simulations.hints.stored_policies import stored_policies
from tests.simulations.viewer.conftest import BASE

Api = Callable[[str], Any]
Html = Callable[[str], str]


def test_bases_are_listed_with_the_runs_about_them(api: Api) -> None:
    (base,) = api("/hints")["bases"]
    assert (base["name"], base["hints"], base["trials"], base["run"]) == ("films", 1, 3, "hinted")
    assert base["tried_in"] == ["films.test", "hinted"]


def test_a_hint_is_shown_with_its_origin(api: Api, html: Html) -> None:
    (hint,) = api("/hints/films")["hints"]
    assert (hint["text"], hint["session"], hint["mistakes"]) == ("Look at the pace.", "7", ["I went by mood."])
    assert hint["own"] == ["7", 3, 1]
    assert "the target went from rank 3 to rank 1" in html("/hints/films")
    assert 'href="/runs/hinted/sessions/7"' in html("/hints/films")


def test_effects_are_those_of_held_out_sessions(api: Api) -> None:
    page = api("/hints/films")
    assert (page["table"], page["tables"], page["current"]) == ("films.test", ["films.test", "hinted"], True)
    (effect,) = page["effects"]
    without, first, second = 1 / log2(4), 1.0, 1 / log2(3)
    assert page["without"] == pytest.approx(without)
    assert effect["gain"]["value"] == pytest.approx((first + second) / 2 - without)
    assert (effect["helped"], effect["hurt"], effect["gain"]["n"]) == (2, 0, 2)


def test_another_table_can_be_chosen_and_says_so_where_the_hints_have_changed(api: Api, html: Html) -> None:
    assert api("/hints/films?table=hinted")["table"] == "hinted"
    assert "another version of this knowledge base" in html("/hints/films?table=hinted")


def test_rejected_hints_are_filtered(api: Api) -> None:
    page = api("/hints/films?status=leak")
    assert page["statuses"] == {"leak": 1, "redundant": 1}
    assert [(one["text"], one["why"]) for one in page["not_taken"]] == [("Prefer Up.", "names the title 'Up'")]


def test_an_unknown_knowledge_base_is_named(client: TestClient) -> None:
    answer = client.get("/hints/nobody")
    assert answer.status_code == 404
    assert "no knowledge base is called" in answer.text


def test_no_policy_is_made_of_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "policy.safetensors").write_bytes(b"odd")
    assert stored_policies(tmp_path, BASE.base) == []
    assert stored_policies(tmp_path / "gone", BASE.base) == []


def test_a_policy_earns_what_the_hints_it_picks_earn() -> None:
    columns = TargetRankColumns(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0]))
    effects = HintEffects(columns, k=10)
    assert effects.policy_gain([1, 0]).value == pytest.approx(0.5)
    assert effects.policy_gain([0, 1]).value == pytest.approx(-0.5)


def test_the_interval_of_a_mean_is_the_t_interval() -> None:
    found = mean_with_interval(np.array([0.0, 0.2, 0.4]))
    assert found.ci95 == pytest.approx((0.2 - 4.3027 * 0.2 / 3**0.5, 0.2 + 4.3027 * 0.2 / 3**0.5), rel=1e-4)
