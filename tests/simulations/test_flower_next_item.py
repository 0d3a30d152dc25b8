"""`afl flower` for next items from end to end, on the demo's films."""

import json

import pytest

from afl.data.dataset_store import DatasetStore
from afl.errors import ConflictError, NotFoundError, UsageError
from afl.flower.model_store import StoredModel
from afl.flower.stored_evaluation import GroupShares, read_evaluation
from afl.settings import Settings
from simulations import flower_evaluate, flower_sample, flower_train, import_data
from simulations.cli.main import run

SHORT = {"steps": 3, "batch_size": 8}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings.model_validate({"AFL_HOME": tmp_path_factory.mktemp("home")})
    import_data("demo", name="films", users=60, settings=settings)
    next_item = {"dataset": "films", "base": "popularity", "examples": 64}
    flower_train("flow", task="next-item", settings=settings, **next_item, **SHORT)  # type: ignore[arg-type]
    return settings


def test_a_model_for_next_items_is_trained_and_evaluated(trained: Settings) -> None:
    found = flower_evaluate("flow", examples=4, settings=trained).to_json()
    assert list(found) == ["task", "n", "ndcg_at_5", "hr_at_5", "dgu_at_10", "mgu_at_10", "entropy_bits", "ttr"]
    assert (found["task"], found["n"]) == ("next-item", 4)


def test_group_shares_are_stored_for_the_page_of_the_model(trained: Settings) -> None:
    found = flower_evaluate("flow", examples=3, settings=trained).to_json()
    kept = read_evaluation(StoredModel.read(trained.flower_dir, "flow"))
    assert kept is not None
    assert kept.result == json.loads(json.dumps(found))
    assert isinstance(kept.shares, GroupShares)
    assert sum(kept.shares.recommended) == pytest.approx(1)


def test_a_base_model_may_guide_the_search(trained: Settings) -> None:
    plain = flower_evaluate("flow", examples=4, settings=trained)
    guided = flower_evaluate(
        "flow", examples=4, guidance=1.0, length_penalty=0.0, base="popularity", settings=trained
    )
    assert (guided.titles[0] == guided.titles[1]).all()  # type: ignore[union-attr]
    assert (plain.titles != guided.titles).any()  # type: ignore[union-attr]


def test_the_width_is_the_embedded_model_s(trained: Settings) -> None:
    said = {"dataset": "films", "examples": 16}
    kept = flower_train(
        "wide",
        task="next-item",
        objective="sft",
        width=32,
        **said,
        settings=trained,
        **SHORT,  # type: ignore[arg-type]
    ).model
    assert kept.config["embedded"]["hidden"] == 32


def test_imitation_goes_on_from_a_trained_model(trained: Settings) -> None:
    said = flower_train(
        "further",
        task="next-item",
        objective="sft",
        dataset="films",
        start="flow",
        reweighted=True,
        settings=trained,
        **SHORT,  # type: ignore[arg-type]
    ).to_json()
    assert (said["task"], said["objective"], said["steps"]) == ("next-item", "sft", 3)


def test_the_same_training_is_found_and_another_is_refused(trained: Settings) -> None:
    said = {"dataset": "films", "base": "popularity", "examples": 64}
    flower_train("flow", task="next-item", settings=trained, **said, **SHORT)  # type: ignore[arg-type]
    with pytest.raises(ConflictError, match="choose another --name"):
        flower_train("flow", task="next-item", seed=9, settings=trained, **said, **SHORT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("next_item", "objective", "reason"),
    [
        ({}, "flower", "--dataset: expected the name of an imported data set"),
        (
            {"dataset": "films", "personal": "mine"},
            "flower",
            "--personal: got 'mine', expected one of: none, divided",
        ),
        ({"dataset": "films", "base": "sasrec:x"}, "flower", "--base: got 'sasrec:x', expected NAME or NAME:SEED"),
        ({"dataset": "films"}, "ppo", "--objective: got 'ppo', expected one of: flower, sft"),
    ],
)
def test_invalid_options_are_reported(
    trained: Settings, next_item: dict[str, str], objective: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        flower_train("other", task="next-item", objective=objective, settings=trained, **next_item)  # type: ignore[arg-type]


def test_imitation_has_no_lambda(trained: Settings) -> None:
    with pytest.raises(UsageError, match=r"--lambda: got 0.1 with --objective sft, expected none"):
        flower_train("other", task="next-item", objective="sft", flow=0.1, dataset="films", settings=trained)


def test_a_missing_data_set_is_reported(trained: Settings) -> None:
    with pytest.raises(NotFoundError, match="no data set is called 'books'"):
        flower_train("other", task="next-item", dataset="books", settings=trained)


@pytest.mark.parametrize(
    ("decoding", "reason"),
    [
        ({"beams": 9}, "--beams: got 9, expected 10 to 1000"),
        ({"temperature": 0.0}, "--temperature: got 0.0, expected 0.001 to 1000"),
        ({"guidance": 1.5}, "--guidance: got 1.5, expected 0 to 1"),
    ],
)
def test_invalid_decoding_options_are_reported(trained: Settings, decoding: dict[str, float], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        flower_evaluate("flow", settings=trained, **decoding)  # type: ignore[arg-type]


def test_titles_are_drawn_after_a_history(trained: Settings) -> None:
    titles = DatasetStore(trained.data_dir).load("films").catalogue.titles
    found = flower_sample("flow", history=titles[:2], draws=3, settings=trained)
    assert found == flower_sample("flow", history=titles[:2], draws=3, settings=trained)
    assert len(found) == 3


@pytest.mark.parametrize(("history", "got"), [(["No such film"], "'No such film', which is no"), ([], "0 titles")])
def test_an_invalid_history_is_reported(trained: Settings, history: list[str], got: str) -> None:
    with pytest.raises(UsageError, match=f"--history: got {got}"):
        flower_sample("flow", history=history, settings=trained)


def test_the_command_line_trains_and_evaluates(
    trained: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AFL_HOME", str(trained.home))
    train = "flower train --task next-item --dataset films --name plain --objective sft --steps 2 --batch-size 8 --json"
    assert run(train.split()) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "next-item"
    assert run(["flower", "evaluate", "plain", "--examples", "3"]) == 0
    assert "NDCG@5" in capsys.readouterr().out
