"""Stored replies of a chat model in the layout of the Re2LLM authors.

`example_train_base.txt` (ISO-8859-1) holds a record per session, separated by blank lines: `Label:` with the target's
title, then `Output: ` and the reply as it came. `example_train_text.json` beside it holds the requests: a list of
`{"prompt", "label"}`, one row per session in the same order. Row n is the session `train-n` of the importer `re2llm`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afl.data.importers._files import content_of, existing_path, text_of
from afl.errors import DataError, UsageError

_RECORD = re.compile(r"Label:(?P<label>[^\n]*)\nOutput: ?(?P<reply>.*)", re.DOTALL)
_RECORD_SEPARATOR = re.compile(r"\n{2,}(?=Label:)")
_NAME = re.compile(r"(?P<stem>.*?(?P<split>train|test))_base\.txt")


@dataclass(frozen=True, slots=True)
class StoredReplies:
    """Requests and replies by session id."""

    file: Path
    split: str
    """`train` or `test`: the split of the sessions."""
    requests: Mapping[str, str]
    """Session -> the prompt, as one message."""
    replies: Mapping[str, str]
    labels: Mapping[str, str]
    """Session -> title of its target, as written in the file."""

    def by_request(self) -> Mapping[str, str]:
        """Prompt -> reply."""
        return {self.requests[session]: reply for session, reply in self.replies.items()}


def read_stored_replies(path: Path) -> StoredReplies:
    """The replies in this file with the requests in the JSON file next to it.

    Raises `UsageError` for a file whose name does not follow the layout, `DataError` naming the record or row that is
    malformed, or where the two files are about different sessions.
    """
    file = existing_path(path, "answers")
    name = _NAME.fullmatch(file.name)
    if name is None:
        raise UsageError(f"{file}: expected a file called ..._train_base.txt or ..._test_base.txt")
    request_file = existing_path(file.with_name(f"{name['stem']}_text.json"), "answers")
    replies, requests = _replies(file), _requests(request_file)
    if len(replies) != len(requests):
        raise DataError(f"{file}: got {len(replies)} answers to {len(requests)} requests in {request_file.name}")
    for row, ((label, _), (_, expected)) in enumerate(zip(replies, requests, strict=True)):
        if label != expected:
            raise DataError(
                f"{file}, record {row}: its label is {label!r}, the request's in {request_file.name} is {expected!r}"
            )
    ids = [f"{name['split']}-{row}" for row in range(len(replies))]
    return StoredReplies(
        file=file,
        split=name["split"],
        requests=dict(zip(ids, (prompt for prompt, _ in requests), strict=True)),
        replies=dict(zip(ids, (reply for _, reply in replies), strict=True)),
        labels=dict(zip(ids, (label for label, _ in replies), strict=True)),
    )


def _replies(file: Path) -> list[tuple[str, str]]:
    """Label and reply of every record."""
    text = text_of(file, encoding="iso-8859-1").replace("\r\n", "\n").strip("\n")
    records = []
    for number, record in enumerate(_RECORD_SEPARATOR.split(text) if text else []):
        match = _RECORD.fullmatch(record)
        if match is None:
            raise DataError(f"{file}, record {number}: got {record[:60]!r}, expected Label:..., then Output: ...")
        records.append((match["label"], match["reply"]))
    return records


def _requests(file: Path) -> list[tuple[str, str]]:
    """Prompt and label of every row."""
    try:
        rows: Any = json.loads(content_of(file))
    except ValueError as error:
        raise DataError(f"{file}: not a JSON file ({error})") from None
    if not isinstance(rows, list):
        raise DataError(f"{file}: got {type(rows).__name__}, expected a list of prompts and labels")
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("prompt", "label")):
            raise DataError(f"{file}, row {number}: got {row!r:.60}, expected a prompt and a label")
    return [(row["prompt"], row["label"]) for row in rows]
