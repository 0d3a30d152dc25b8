"""`afl data`: divided anew, made into sessions; and what models may learn when training sequences are played."""

from pathlib import Path

import pytest

from afl.data.dataset import Dataset, Split
from afl.data.dataset_store import DatasetStore
from afl.errors import UsageError
from simulations import import_data
from simulations.options.run_options import RunOptions
from simulations.task.task import Task
from tests.simulations.conftest import Afl


def sizes(found: dict[str, dict[str, int]]) -> list[int]:
    return [found["sequences"][split] for split in Split]


def test_an_import_is_divided_by_the_stated_shares(afl: Afl, home: Path, small_csv: Path) -> None:
    found = afl("data", "import", "csv", small_csv, "--name", "x", "--split", "1:1:1", "--json").json
    assert sizes(found) == [10, 10, 10]
    assert found["notes"]["split"].startswith("1:1:1 by sequence, by a draw from seed 0")


def test_another_seed_makes_another_split(afl: Afl, home: Path, small_csv: Path) -> None:
    hashes = [
        afl(
            "data",
            "import",
            "csv",
            small_csv,
            "--name",
            f"x{seed}",
            "--split",
            "1:1:1",
            "--split-seed",
            seed,
            "--json",
        ).json["hash"]
        for seed in (0, 1)
    ]
    assert hashes[0] != hashes[1]


def test_invalid_shares_leave_no_data_set(afl: Afl, home: Path, small_csv: Path) -> None:
    refused = afl("data", "import", "csv", small_csv, "--name", "x", "--split", "a lot")
    assert (refused.code, "expected shares" in refused.complaint) == (2, True)
    assert afl("data", "list", "--json").json == {"datasets": []}


def test_each_day_becomes_a_session(afl: Afl, small: Path) -> None:
    found = afl("data", "sessions", "small", "--name", "days", "--json").json
    assert (found["name"], sum(sizes(found)), found["format"]) == ("days", 30, "sessions")
    assert DatasetStore(small / "data").load("days").splits[Split.TEST].ids[0].endswith("@1970-01-01")


def test_sessions_need_a_new_name(afl: Afl, small: Path) -> None:
    refused = afl("data", "sessions", "small", "--name", "small")
    assert (refused.code, "exists with other content" in refused.complaint) == (2, True)


@pytest.mark.parametrize(("split", "left"), [("test", 0), ("valid", 0), ("train", 1), ("all", 1)])
def test_models_do_not_learn_the_targets_of_simulated_training_sequences(
    split: str, left: int, dataset: Dataset
) -> None:
    task = Task.of(dataset, RunOptions(dataset="small", llm="offline", split=split))  # type: ignore[arg-type]
    learned = {s.id: s.items for s in task.training.splits[Split.TRAIN]}
    assert learned == {s.id: s.items[: len(s.items) - left] for s in dataset.splits[Split.TRAIN]}


def test_models_do_not_learn_items_judged_after_the_target(dataset: Dataset) -> None:
    options = RunOptions(dataset="small", llm="offline", split="train", ratios=("1:1",), items=2)
    task = Task.of(dataset, options)
    assert {len(sequence.items) for sequence in task.training.splits[Split.TRAIN]} == {4}
    assert task.configuration()["training_hash"] == dataset.without_targets(held_out=1).hash


def test_too_few_users_for_a_test_split_are_counted_and_the_way_out_is_named(
    afl: Afl, home: Path, tmp_path: Path
) -> None:
    table = tmp_path / "few.csv"
    rows = [f"{user},{item},{item}" for user in range(7) for item in range(user, user + 5)]
    table.write_text("\n".join(["user,item,timestamp", *rows]), encoding="utf-8")
    afl("data", "import", "csv", table, "--name", "few")
    refused = afl("simulate", "--dataset", "few", "--llm", "offline", "--candidates", "3", "--run", "x")
    assert refused.code == 2
    assert refused.complaint == (
        "afl: data set 'few' has no session in split 'test': its 7 sequences are 7 train, 0 valid, 0 test (divided "
        "8:1:1, validation and test rounded down); import at least 10 users, other shares (afl data import ... "
        "--split 2:1:1), or choose --split train"
    )


def test_too_short_sequences_and_an_empty_split_have_different_messages(dataset: Dataset) -> None:
    options = RunOptions(dataset="small", llm="offline", ratios=("1:1",), items=20)
    with pytest.raises(
        UsageError, match=r"at least 14 items, 10 of them held out; .* \(the longest here has \d+\)"
    ):
        Task.of(dataset, options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["csv", "{csv}", "--users", "10"], "--users belongs to format 'demo', got it with 'csv'"),
        (["demo", "--category", "Games"], "--category belongs to format 'flower', got it with 'demo'"),
        (["demo", "{csv}"], "but demo takes none: its data is generated"),
        (["csv"], "format 'csv' needs a path: afl data import csv PATH --name NAME"),
        (["demo", "--users", "9"], "--users: got 9, expected 10 to 100,000"),
    ],
)
def test_an_option_that_the_format_does_not_have_is_refused(
    afl: Afl, home: Path, small_csv: Path, arguments: list[str], message: str
) -> None:
    words = [str(small_csv) if word == "{csv}" else word for word in arguments]
    refused = afl("data", "import", *words, "--name", "x")
    assert (refused.code, message in refused.complaint) == (2, True)


def test_an_option_of_no_format_is_no_argument(home: Path) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        import_data("demo", name="x", colour="red")
