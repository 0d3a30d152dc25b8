import json
from pathlib import Path
from typing import Any

import pytest

from afl.data.stored_replies import read_stored_replies
from afl.errors import DataError, UsageError

RECORDS = "Label:Am\xe9lie\nOutput: 1. Ran\n2. Am\xe9lie\n\n\n\nLabel:M\nOutput: Sorry.\n\nI cannot.\n\n\n\n"
REQUESTS = [{"prompt": "first?", "label": "Am\xe9lie"}, {"prompt": "second?", "label": "M"}]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two answers and their requests."""
    (tmp_path / "example_train_text.json").write_text(json.dumps(REQUESTS), encoding="utf-8")
    (tmp_path / "example_train_base.txt").write_text(RECORDS, encoding="iso-8859-1")
    return tmp_path / "example_train_base.txt"


def rewritten(file: Path, requests: Any) -> Path:
    file.with_name("example_train_text.json").write_text(json.dumps(requests), encoding="utf-8")
    return file


def test_answers_come_with_their_requests_by_session(file: Path) -> None:
    stored = read_stored_replies(file)
    assert stored.split == "train"
    assert stored.requests == {"train-0": "first?", "train-1": "second?"}
    assert stored.labels == {"train-0": "Am\xe9lie", "train-1": "M"}
    assert stored.by_request()["first?"] == "1. Ran\n2. Am\xe9lie"


def test_a_reply_may_hold_blank_lines(file: Path) -> None:
    assert read_stored_replies(file).replies["train-1"] == "Sorry.\n\nI cannot."


def test_an_answer_to_another_session_is_named(file: Path) -> None:
    requests = [REQUESTS[0], {"prompt": "second?", "label": "Ran"}]
    with pytest.raises(DataError, match=r"example_train_base\.txt, record 1: its label is 'M'"):
        read_stored_replies(rewritten(file, requests))


def test_fewer_requests_than_answers_are_told(file: Path) -> None:
    with pytest.raises(DataError, match=r"got 2 answers to 1 requests in example_train_text\.json"):
        read_stored_replies(rewritten(file, REQUESTS[:1]))


@pytest.mark.parametrize("requests", [{}, [1], [{"prompt": "?"}], [{"prompt": 1, "label": "M"}]])
def test_a_file_that_holds_no_requests_is_refused(file: Path, requests: Any) -> None:
    with pytest.raises(DataError, match=r"example_train_text\.json.*expected a (list|prompt)"):
        read_stored_replies(rewritten(file, requests))


def test_a_record_without_a_label_is_named(file: Path) -> None:
    file.write_text("Output: 1. Ran\n", encoding="iso-8859-1")
    with pytest.raises(DataError, match=r"record 0: got 'Output: 1\. Ran', expected Label"):
        read_stored_replies(file)


def test_a_file_of_another_name_does_not_tell_whose_answers_it_holds(tmp_path: Path) -> None:
    (tmp_path / "answers.txt").write_text("x")
    with pytest.raises(UsageError, match=r"expected a file called \.\.\._train_base\.txt"):
        read_stored_replies(tmp_path / "answers.txt")


def test_requests_that_are_not_beside_the_answers_are_missed(file: Path) -> None:
    file.with_name("example_train_text.json").unlink()
    with pytest.raises(DataError, match=r"example_train_text\.json: there is no such file"):
        read_stored_replies(file)
