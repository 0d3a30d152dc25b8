"""`afl flower` from end to end, on a target of five titles."""

import json
from pathlib import Path

import pytest

from afl.errors import ConflictError, ModelError, UsageError
from afl.settings import Settings
from simulations import flower_evaluate, flower_sample, flower_train
from simulations.cli.main import run

KEYS = {"task", "draws", "js", "kl_result_target", "kl_target_result", "off_catalogue"}
EXACT = {"exact_js", "exact_off_catalogue"}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("target") / "five.json"
    counts = {"Heat": 50, "Heat 2": 25, "Amélie": 15, "日本": 7, "Alien": 3}
    path.write_text(json.dumps(counts), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(target: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings.model_validate({"AFL_HOME": tmp_path_factory.mktemp("home")})
    flower_train("five", target=target, steps=60, batch_size=16, settings=settings)
    return settings


def test_a_target_is_fitted_and_evaluated(trained: Settings) -> None:
    found = flower_evaluate("five", draws=500, settings=trained).to_json()
    assert found.keys() == KEYS | EXACT
    assert found["exact_js"] < 0.05 < 0.5 > found["js"]


def test_titles_are_drawn_as_the_model_writes_them(trained: Settings) -> None:
    found = flower_sample("five", draws=40, settings=trained)
    assert found == flower_sample("five", draws=40, settings=trained)
    assert {one.title for one in found if one.in_catalogue} <= {"Heat", "Heat 2", "Amélie", "日本", "Alien"}
    assert sum(one.in_catalogue for one in found) > 20


def test_the_same_training_is_found_and_another_is_refused(trained: Settings, target: Path) -> None:
    again = flower_train("five", target=target, steps=60, batch_size=16, settings=trained)
    assert again.to_json()["steps"] == 60
    with pytest.raises(ConflictError, match="choose another --name"):
        flower_train("five", target=target, steps=61, batch_size=16, settings=trained)


def test_imitation_of_a_sample_is_another_objective(trained: Settings, target: Path) -> None:
    said = flower_train(
        "imitated", target=target, objective="sft", sample=20, steps=6, batch_size=8, settings=trained
    ).to_json()
    assert (said["task"], said["objective"], said["steps"]) == ("distribution", "sft", 6)


def test_a_wider_model_has_more_to_learn(trained: Settings, target: Path) -> None:
    wide = flower_train("wide", target=target, width=128, steps=1, batch_size=4, settings=trained).to_json()
    narrow = flower_train("narrow", target=target, width=32, steps=1, batch_size=4, settings=trained).to_json()
    assert wide["parameters"] > 4 * narrow["parameters"]


def test_a_model_in_a_folder_is_tuned_with_lora(trained: Settings, target: Path) -> None:
    folder = trained.flower_dir / "five" / "model"
    options = {"target": target, "model": str(folder), "lora": 2, "prompt": "recommend a film"}
    flower_train("tuned", steps=4, batch_size=4, settings=trained, **options)
    assert flower_evaluate("tuned", draws=20, settings=trained).draws == 20


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"task": "poetry"}, "--task: got 'poetry'"),
        ({"target": None}, "--target: expected a JSON file"),
        ({"objective": "ppo"}, "--objective: got 'ppo', expected one of: flower, sft"),
        ({"sample": 100}, "--sample: got 100, expected 2 titles or more, with --objective sft"),
        ({"lora": 4}, "--lora: the embedded model"),
        ({"steps": 0}, "--steps: got 0, expected 1 or more"),
        ({"on_policy": 2.0}, "--on-policy: got 2.0, expected 0 to 1"),
        ({"legal": -1.0}, "--legal: got -1.0, expected 0 or more"),
        ({"model": "/no/such"}, "--model: got ./no/such."),
        ({"width": 36}, "--width: got 36, expected a multiple of 8"),
        ({"width": 64, "model": "/no/such"}, "--width: only an embedded model"),
    ],
)
def test_a_mistake_is_one_clear_line(home: Path, target: Path, options: dict[str, object], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        flower_train("new", **{"target": target} | options)  # type: ignore[arg-type]


def test_a_training_that_has_not_ended_is_no_model(home: Path, target: Path) -> None:
    with pytest.raises(ModelError, match="loss is"):
        flower_train("new", target=target, steps=2, flow=1e39)
    with pytest.raises(ModelError, match="not fully trained"):
        flower_evaluate("new")


def test_the_command_line_prints_one_object(
    trained: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AFL_HOME", str(trained.home))
    assert run(["flower", "evaluate", "five", "--draws", "50", "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() == KEYS | EXACT
    assert run(["flower", "sample", "five", "--draws", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["draws"]) == 2
    assert run(["flower", "evaluate", "five", "--draws", "50"]) == 0
    assert "off the catalogue" in capsys.readouterr().out
