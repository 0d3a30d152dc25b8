"""The labelled replies are well formed and read right, and no mixture of them breaks or slows the parsers."""

import json
import re
from collections import Counter
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afl.types import Outcome
from agents.parsing import parse_decision, parse_recommendation
from agents.ranking import parse_ranking
from agents.words import marks, words
from benchmarks.replies import CORPUS, SOURCES, Reading, load_corpus, read_all, verdict

KINDS = {"recommendation", "decision", "ranking", "choice"}
OUTCOMES = {"ok", "off_list", "unparsed", "declined", "truncated"}
FIELDS = {"id", "source", "kind", "titles", "top", "text", "reasoning", "finish_reason", "right"}
RIGHT = {"outcome", "value", "note"}
REAL_FIELDS = {"id", "source", "kind", "top", "index", "sha256", "right"}


def read(source: str) -> list[dict[str, Any]]:
    text = (CORPUS / f"{source}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def replies() -> list[dict[str, Any]]:
    """All of the corpus that is stored here: without the texts of the movie lists."""
    return [reply for source in SOURCES for reply in read(source)]


@pytest.fixture(scope="module")
def whole(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those with a text of their own."""
    return [reply for reply in replies if reply["source"] != "re2llm"]


def test_there_are_at_least_a_hundred_of_every_source(replies):
    counts = Counter(reply["source"] for reply in replies)
    assert set(counts) == set(SOURCES)
    assert min(counts.values()) >= 100


def test_ids_are_unique_and_begin_with_the_source(replies):
    assert max(Counter(reply["id"] for reply in replies).values()) == 1
    assert [reply["id"] for reply in replies if not reply["id"].startswith(f"{reply['source']}-")] == []


def test_no_reply_is_there_twice(whole):
    asked = Counter(
        (one["kind"], tuple(one["titles"]), one["text"], one.get("reasoning"), one.get("finish_reason"))
        for one in whole
    )
    assert [one for one, times in asked.items() if times > 1] == []


def test_every_kind_and_outcome_occurs_and_no_other(replies):
    assert {reply["kind"] for reply in replies} == KINDS
    assert {reply["right"]["outcome"] for reply in replies} == OUTCOMES


def test_there_are_no_unknown_fields(replies):
    named = {reply["id"]: set(reply) for reply in replies}
    allowed = {reply["id"]: REAL_FIELDS if reply["source"] == "re2llm" else FIELDS for reply in replies}
    assert {one: fields - allowed[one] for one, fields in named.items() if fields - allowed[one]} == {}
    assert [reply["id"] for reply in replies if not {"outcome", "value"} <= set(reply["right"]) <= RIGHT] == []


def test_only_what_is_ok_has_a_value(replies):
    assert [
        one["id"] for one in replies if (one["right"]["outcome"] == "ok") == (one["right"]["value"] is None)
    ] == []


def test_decisions_have_no_titles_and_all_else_has(whole):
    assert [one["id"] for one in whole if (one["kind"] == "decision") == bool(one["titles"])] == []
    assert [one["id"] for one in whole if len(set(one["titles"])) < len(one["titles"])] == []


def test_rankings_alone_say_how_many_were_asked_for(replies):
    assert [one["id"] for one in replies if (one["kind"] == "ranking") != ("top" in one)] == []


def test_a_value_is_what_its_kind_asks_for(whole):
    assert [one["id"] for one in whole if one["right"]["outcome"] == "ok" and not fits(one)] == []


def fits(reply: dict[str, Any]) -> bool:
    value, titles = reply["right"]["value"], reply["titles"]
    if reply["kind"] == "decision":
        return isinstance(value, bool)
    if reply["kind"] == "ranking":
        return len(set(value)) == len(value) == reply["top"] and set(value) <= set(titles)
    return value in titles


def test_of_the_movie_lists_only_hashes_and_places_are_stored():
    real = read("re2llm")
    assert [one["id"] for one in real if not re.fullmatch(r"[0-9a-f]{64}", one["sha256"])] == []
    assert [one["id"] for one in real if not all(isinstance(n, int) for n in one["right"]["value"] or ())] == []


def test_the_movie_lists_are_those_that_were_labelled(shared_data: Path):
    found = [one for one in load_corpus(movies=shared_data / "re2llm" / "movie") if one["source"] == "re2llm"]
    assert len(found) == len(read("re2llm"))
    assert [one["id"] for one in found if one["right"]["outcome"] == "ok" and not fits(one)] == []


def test_another_text_than_the_one_labelled_is_refused(shared_data: Path, tmp_path: Path):
    movies = shared_data / "re2llm" / "movie"
    (tmp_path / "example_train_text.json").write_bytes((movies / "example_train_text.json").read_bytes())
    changed = (movies / "example_train_base.txt").read_bytes().replace(b"1. ", b"1) ")
    (tmp_path / "example_train_base.txt").write_bytes(changed)
    with pytest.raises(ValueError, match="another text than the one labelled"):
        load_corpus(movies=tmp_path)


def test_without_the_movie_data_the_others_are_left(tmp_path: Path, whole):
    assert load_corpus(movies=tmp_path / "none") == whole


COUNTS = {"re2llm": 101, "smollm2": 103, "written": 362}


@pytest.mark.parametrize("source", SOURCES)
async def test_every_reply_is_read_as_labelled_and_none_is_guessed(source: str, request: pytest.FixtureRequest):
    folder = request.getfixturevalue("shared_data") if source == "re2llm" else Path("none")
    replies = [one for one in load_corpus(movies=folder / "re2llm" / "movie") if one["source"] == source]
    readings = [Reading(*one) for one in await read_all(replies)]
    verdicts = Counter(verdict(one["right"], found) for one, found in zip(replies, readings, strict=True))
    assert verdicts == {"right": COUNTS[source]}


TEXTS = [reply["text"] for reply in load_corpus(movies=Path("none"))]
TITLES = [reply["titles"] for reply in load_corpus(movies=Path("none")) if reply["titles"]]
MARKS = [mark for pair in marks("thinking", "marks") for mark in pair if mark] + [
    *words("special_tokens", "tokens"),
    *words("special_tokens", "other_turns"),
    *(
        "<|channel|>analysis<|message|>",
        "<|channel|>final<|message|>",
        "<|end|>",
        "{",
        "}",
        '"',
        "Item:",
        "Decision: ",
    ),
    *("\n", " ", "**", "```", "no", "yes", "1. ", '{"item": "', "</item>", "\\boxed{"),
]
PIECES = st.one_of(
    st.sampled_from(TEXTS),
    st.builds(lambda text, share: text[: int(len(text) * share)], st.sampled_from(TEXTS), st.floats(0, 1)),
    st.builds(lambda text, share: text[int(len(text) * share) :], st.sampled_from(TEXTS), st.floats(0, 1)),
    st.sampled_from(MARKS),
)
MAX_MS = 50


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.lists(PIECES, min_size=1, max_size=6).map("".join), titles=st.sampled_from(TITLES))
def test_no_mixture_of_replies_breaks_the_parsers_or_takes_long_or_names_what_was_not_listed(text, titles):
    top = min(3, len(titles))
    named, ranked, decided = (
        read_in_time(lambda: parse_recommendation(text, titles)),
        read_in_time(lambda: parse_ranking(text, titles, top=top)),
        read_in_time(lambda: parse_decision(text, titles)),
    )
    assert (named.outcome is Outcome.OK) == (named.value in titles)
    assert (ranked.outcome is Outcome.OK) == (ranked.value is not None)
    assert ranked.value is None or (len(set(ranked.value)) == top and set(ranked.value) <= set(titles))
    assert (decided.outcome is Outcome.OK) == (decided.value in (True, False))


def read_in_time(read: Any) -> Any:
    """What is read, in less than 50 ms of CPU; a second try is not charged for a pause of the machine."""
    for _ in range(2):
        begin = process_time()
        found = read()
        ms = (process_time() - begin) * 1000
        if ms < MAX_MS:
            return found
    raise AssertionError(f"{ms:.0f} ms")
