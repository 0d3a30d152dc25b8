"""Journal entries as rows: numbers as columns, messages and the text of the reply in one compressed blob.

A field of `afl.types.Reply` is stored in the column of its name, if the table `journal` has one.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import CallKey, JournalEntry, Message, Outcome, Reply
from memory.codec import compress, decompress, from_json, shared_dictionary, to_json
from memory.schema import journal

NO_STUDY = ""
"""The value of the column `study` in every row; it is part of the key and no longer used."""

_SHARED_DICTIONARY = b"\x01"
"""The first byte of content compressed with the shared dictionary; plain zstd of earlier versions starts otherwise."""
_REPLY_COLUMNS = tuple(
    field.name for field in fields(Reply) if field.name in journal.c and field.name != "outcome"
)


class SubjectEntries:
    """The entries of one subject in the order recorded; each is compressed with the two answered ones before it.

    Two, because two agents take turns: one of the two shares most text with the next request, the other its prompt.
    Failures are not used for compression: they are replaced when the run is resumed.
    """

    def __init__(self) -> None:
        self.entries: dict[CallKey, JournalEntry] = {}
        self.writing = 0
        self._position = 0
        self._texts: list[tuple[int, bytes]] = []

    def encode(self, entry: JournalEntry) -> Mapping[str, Any]:
        """Adds the entry as the subject's latest; returns its columns without run and study."""
        text = _pack(entry)
        content = _SHARED_DICTIONARY + compress(text, self.dictionary())
        self._add(entry, self._position + 1, text)
        return {
            **entry.key._asdict(),
            "position": self._position,
            "fingerprint": bytes.fromhex(entry.fingerprint),
            "content": content,
            "outcome": entry.reply.outcome.value,
            "created": time.time(),
            **{name: getattr(entry.reply, name) for name in _REPLY_COLUMNS},
        }

    @property
    def position(self) -> int:
        """The position of the latest entry, from 1; 0 without entries."""
        return self._position

    def dictionary(self, position: int | None = None) -> bytes:
        """The dictionary for compression: the shared one, then the two latest answered entries up to a position."""
        texts = self._texts if position is None else [entry for entry in self._texts if entry[0] <= position]
        return b"".join((shared_dictionary(), *(text for _, text in texts[-2:])))

    def decode(self, row: RowMapping) -> JournalEntry:
        """Adds and returns the entry of a row; rows must be passed in the order of their positions."""
        text = self._text(row["content"])
        entry = _entry(row, *_unpack(text))
        self._add(entry, row["position"], text)
        return entry

    def _text(self, content: bytes) -> bytes:
        if content.startswith(_SHARED_DICTIONARY):
            return decompress(content[len(_SHARED_DICTIONARY) :], self.dictionary())
        return decompress(content, b"".join(text for _, text in self._texts[-1:]))

    def _add(self, entry: JournalEntry, position: int, text: bytes) -> None:
        self.entries[entry.key] = entry
        self._position = position
        if not entry.reply.outcome.retried_on_continuation:
            self._texts.append((position, text))


async def read_subjects(
    connection: AsyncConnection, run: int, subjects: Sequence[str]
) -> defaultdict[str, SubjectEntries]:
    """All entries of a run's journal about these subjects, in one query."""
    query = _of_run(select(journal), run).where(journal.c.subject.in_(subjects)).order_by(journal.c.position)
    decoded: defaultdict[str, SubjectEntries] = defaultdict(SubjectEntries)
    for row in (await connection.execute(query)).mappings():
        decoded[row["subject"]].decode(row)
    return decoded


class RecordedRequest(NamedTuple):
    """A request of a run, with its reply."""

    entry: JournalEntry
    created: float
    """Unix seconds at which the reply was recorded."""


async def read_requests(connection: AsyncConnection, run: int, subjects: Sequence[str]) -> list[RecordedRequest]:
    """Every request of a run about these subjects, in the order sent, subject by subject."""
    query = _of_run(select(journal), run).where(journal.c.subject.in_(subjects))
    rows = await connection.execute(query.order_by(journal.c.subject, journal.c.position))
    decoded: defaultdict[str, SubjectEntries] = defaultdict(SubjectEntries)
    requests = []
    for row in rows.mappings():
        subject = decoded[row["subject"]]
        requests.append(RecordedRequest(subject.decode(row), row["created"]))
    return requests


async def read_subject_names(connection: AsyncConnection, run: int) -> list[str]:
    """The subjects of a run's entries, in plain string order."""
    return sorted((await connection.execute(_of_run(select(journal.c.subject).distinct(), run))).scalars())


def _of_run(query: Select[Any], run: int) -> Select[Any]:
    # Both leading columns of the key, so that its index is used.
    return query.where(journal.c.run == run, journal.c.study == NO_STUDY)


def _pack(entry: JournalEntry) -> bytes:
    """A line of JSON with roles and lengths, then messages and reply unescaped, which is faster than JSON.

    What a reasoning model thought follows the reply, if there is any: then there is one more length.
    """
    reply = entry.reply
    texts = [*(message["content"] for message in entry.messages), reply.text, *filter(None, [reply.reasoning])]
    head = to_json([[message["role"] for message in entry.messages], [len(text) for text in texts]])
    return head + b"\n" + "".join(texts).encode("utf-8", "surrogatepass")


def _unpack(packed: bytes) -> tuple[tuple[Message, ...], str, str]:
    """The messages, the text of the reply, and what the model thought."""
    head, _, rest = packed.partition(b"\n")
    roles, lengths = from_json(head)
    joined, ends = rest.decode("utf-8", "surrogatepass"), list(accumulate(lengths, initial=0))
    texts = [joined[start:end] for start, end in pairwise(ends)]
    contents, (reply, *reasoning) = texts[: len(roles)], texts[len(roles) :]
    messages: tuple[Message, ...] = tuple(
        {"role": role, "content": content} for role, content in zip(roles, contents, strict=True)
    )
    return messages, reply, "".join(reasoning)


def _entry(row: RowMapping, messages: tuple[Message, ...], text: str, reasoning: str) -> JournalEntry:
    numbers = {name: row[name] for name in _REPLY_COLUMNS}
    return JournalEntry(
        key=CallKey(*(row[field] for field in CallKey._fields)),
        fingerprint=row["fingerprint"].hex(),
        messages=messages,
        reply=Reply(Outcome(row["outcome"]), text, reasoning, journaled=True, **numbers),
    )
