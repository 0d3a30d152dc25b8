import json
from pathlib import Path

import pytest

from benchmarks.sasrec_epoch import learned, main


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = [[1 + item % 7 for item in range(length)] for length in (240, 5, 300)]
    found = tmp_path / "input.txt"
    found.write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))
    return found


def test_of_every_user_the_last_200_steps_before_the_last_two_items_are_learned(path: Path) -> None:
    sequences, items = learned(path, whole=False)
    assert (items, [len(sequence.items) for sequence in sequences]) == (7, [201, 3, 201])
    assert sequences[0].items == tuple(item % 7 for item in range(37, 238))


def test_or_all_of_them(path: Path) -> None:
    assert [len(sequence.items) for sequence in learned(path, whole=True)[0]] == [238, 3, 298]


def test_an_epoch_is_a_line_of_wall_and_cpu_seconds(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--data", str(path), "--epochs", "2"])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [sorted(line) for line in told] == [["cpu_seconds", "wall_seconds"]] * 2
