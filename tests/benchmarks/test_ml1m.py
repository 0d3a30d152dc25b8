import json
from pathlib import Path

import numpy as np
import pytest
import torch

from afl.models.sasrec import SASRec, SASRecConfig
from benchmarks.ml1m import HeldOut, Next, held_out, main, ranks

ROWS = [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 5], [5, 1, 2, 3, 4]]


@pytest.fixture
def data(tmp_path: Path) -> HeldOut:
    path = tmp_path / "input.txt"
    path.write_text("".join(" ".join(map(str, row)) + "\n" for row in ROWS))
    return held_out(path, validation_users=1)


def test_the_last_item_of_every_user_is_the_test_and_is_not_trained_on(data: HeldOut) -> None:
    assert data.test.targets == [3, 0, 4, 3]
    assert [row.tolist() for row in data.test.histories] == [[0, 1, 2], [3, 2, 1], [1, 3, 0], [4, 0, 1, 2]]
    assert all(len(learned.items) < len(row) for learned, row in zip(data.train, ROWS, strict=True))


def test_the_item_before_it_is_kept_back_of_the_users_who_are_validated(data: HeldOut) -> None:
    (history,), (target,) = data.validation
    kept = [learned for learned, row in zip(data.train, ROWS, strict=True) if len(learned.items) == len(row) - 2]
    assert [learned.items for learned in kept] == [tuple(history.tolist())]
    assert [*history.tolist(), target] in [[item - 1 for item in row[:-1]] for row in ROWS]


def test_the_catalogue_is_all_items_of_the_file(data: HeldOut) -> None:
    assert data.items == 5


@torch.no_grad()
def test_items_that_the_user_has_had_are_not_ranked() -> None:
    torch.manual_seed(0)
    model = SASRec(SASRecConfig(items=30, max_len=2)).eval()
    history = np.array([3, 4, 5], dtype=np.int32)
    scores = model(torch.tensor([[4, 5]]))[0]
    unseen = [item for item in range(30) if item not in (3, 4, 5)]
    by_hand = [sum(float(scores[other]) > float(scores[item]) for other in unseen) for item in unseen]
    assert ranks(model, Next([history] * 27, unseen)).tolist() == by_hand


def test_it_tells_every_epoch_and_at_the_end_the_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "input.txt"
    path.write_text(
        "".join(" ".join(str(1 + (user + step) % 20) for step in range(9)) + "\n" for user in range(600))
    )
    main(["--data", str(path), "--epochs", "2", "--dim", "8"])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["epoch"] for line in told[1:3]] == [1, 2]
    assert told[3]["test_ndcg_at_10"]["n"] == told[3]["test_hr_at_10"]["n"] == 600
