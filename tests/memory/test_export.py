"""The export: equal results are equal bytes."""

import json

import pytest

from afl.errors import StorageError
from afl.types import Outcome
from memory.export import export, write_export

KEYS = [
    "session",
    "phase",
    "round",
    "role",
    "attempt",
    "item",
    "reason",
    "decision",
    "suggestion",
    "score",
    "outcome",
    "target",
    "hit",
    "label",
    "advice",
    "messages",
    "reply",
]


@pytest.fixture
async def run(store, lists):
    return await store.begin_run("x", {}, lists)


async def exported(run):
    return [json.loads(line) async for line in export(run)]


async def test_every_line_has_the_same_keys_in_the_same_order(run, record):
    await run.record_session(record())
    assert [list(line) for line in await exported(run)] == [KEYS] * 4


async def test_lines_are_sorted_by_session_phase_round_role_and_attempt(run, record):
    for session in ("8", "10", "7"):
        await run.record_session(record(session))
    lines = await exported(run)
    order = [(line["session"], line["phase"], line["round"], line["role"], line["attempt"]) for line in lines]
    assert order == sorted(order)
    assert [line["session"] for line in lines[::4]] == ["10", "7", "8"]


async def test_a_line_tells_what_was_asked_said_and_understood(run, record, entry):
    await run.journal().record(entry(text="Reason: düster\nItem: Alien"))
    await run.record_session(record())
    line, answer = (await exported(run))[:2]
    assert (line["item"], line["suggestion"], line["outcome"], line["label"]) == ("Alien", "Alien", "ok", None)
    assert (line["target"], line["hit"], line["reply"]) == ("Heat", True, "Reason: düster\nItem: Alien")
    assert [sent["role"] for sent in line["messages"]] == ["system", "user"]
    assert (answer["decision"], answer["score"], answer["reply"], answer["messages"]) == ("no", 0.25, None, [])


async def test_a_failed_session_is_no_hit_and_a_failed_call_has_no_reply(run, record, entry):
    await run.journal().record(entry(round=2, role="user", outcome=Outcome.FAILED, text="", error="timeout"))
    await run.record_session(record(outcome=Outcome.FAILED))
    last = (await exported(run))[-1]
    assert (last["outcome"], last["hit"], last["reply"]) == ("failed", False, None)


async def test_interruptions_names_and_costs_leave_no_trace(store, run, lists, record, entry):
    other = await store.begin_run("another name", {}, lists)
    await run.journal().record(entry(retries=0, latency=0.1, cost_usd=0.1))
    await other.journal().record(entry(outcome=Outcome.FAILED, text="", retries=3, error="timeout"))
    await other.record_session(record(outcome=Outcome.FAILED))
    await other.journal().record(entry(retries=1, latency=9.0))
    await run.record_session(record())
    await other.record_session(record())
    assert [line async for line in export(run)] == [line async for line in export(other)]


async def test_a_file_is_written_whole_as_utf_8(run, record, entry, tmp_path):
    await run.journal().record(entry(text="Sigur Rós \udcff"))
    await run.record_session(record())
    assert await write_export(run, tmp_path / "out.jsonl") == 4
    assert "Sigur Rós \\udcff" in (tmp_path / "out.jsonl").read_text(encoding="utf-8")


async def test_a_file_that_cannot_be_written_leaves_nothing_behind(run, record, tmp_path):
    (tmp_path / "taken").mkdir()
    await run.record_session(record())
    with pytest.raises(StorageError, match="taken"):
        await write_export(run, tmp_path / "taken")
    assert {path.name for path in tmp_path.iterdir() if "afl.db" not in path.name} == {"taken"}
