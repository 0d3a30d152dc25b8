"""`afl compare`: two runs over the same sessions, paired."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from afl.metrics.significance import minimum_detectable_hit_difference
from afl.testing.server import FakeServer, running_server
from afl.types import CallKey, Outcome, Role
from memory.records import CandidateRecord, SessionRecord, TurnRecord
from memory.store import Store
from simulations import compare
from simulations.analysis.run_comparison import differing_settings
from simulations.execution.asynchrony import wait_for
from tests.simulations.conftest import Afl
from tests.simulations.test_json import scripted

SIZE = 40
TARGET = "Heat"
Record = Callable[..., None]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'afl.db'}"


@pytest.fixture
def record(url: str) -> Record:
    """`record("a", {0: "Heat", 1: None})`: a run whose sessions end with these items; None is a failed session."""

    def call(name: str, items: Mapping[int, str | None], *, hash: str = "c0ffee", **config: Any) -> None:
        wait_for(_record(url, name, items, hash, config))

    return call


async def _record(url: str, name: str, items: Mapping[int, str | None], hash: str, config: Any) -> None:
    lists = CandidateRecord(hash, {f"s{number:02}": (1, 2) for number in range(SIZE)})
    async with await Store.open(url) as store:
        run = await store.begin_run(name, config, lists)
        for number, item in items.items():
            await run.record_session(_session(number, item))


def _session(number: int, item: str | None) -> SessionRecord:
    session = f"s{number:02}"
    asked = TurnRecord(
        key=CallKey(session, "loop", 1, Role.RECOMMENDATION, 0),
        outcome=Outcome.OK if item else Outcome.UNPARSED,
        item=item,
    )
    answered = TurnRecord(
        key=CallKey(session, "loop", 1, Role.USER, 0), outcome=Outcome.OK, decision=number % 2 == 0
    )
    return SessionRecord(session, number, TARGET, None, (asked, answered) if item else (asked,))


def items(hits: range, *, size: int = SIZE) -> dict[int, str | None]:
    return {number: TARGET if number in hits else "Alien" for number in range(size)}


def test_the_numbers_are_those_worked_out_by_hand(record: Record, url: str) -> None:
    record("a", items(range(0, 12)))
    record("b", items(range(4, 30)))
    found = compare("a", "b", db=url).to_json()
    assert (found["a"], found["b"], found["n"], found["left_out"]) == ("a", "b", 40, 0)
    assert (found["won"], found["lost"], found["difference"]) == (18, 4, pytest.approx(14 / 40))
    assert found["p"] == pytest.approx(binomtest(18, 22).pvalue)
    assert found["detectable"] == minimum_detectable_hit_difference(40, differing=22 / 40)
    assert found["accepted"] == {"a": 20, "b": 20}


def test_the_interval_is_that_of_resampled_sessions(record: Record, url: str) -> None:
    record("a", items(range(0, 12)))
    record("b", items(range(4, 30)))
    # 18 ones, 4 minus ones and 18 zeros: the normal interval is .35 ± 1.96 √((22 - 14²/40) / 40²).
    half = 1.96 * (22 - 14**2 / 40) ** 0.5 / 40
    assert compare("a", "b", db=url).test.ci95 == pytest.approx((0.35 - half, 0.35 + half), abs=0.03)


def test_the_sessions_on_which_they_differ_are_named_with_both_items(record: Record, url: str) -> None:
    record("a", items(range(0, 2)))
    record("b", items(range(1, 3)))
    won = {"a": {"item": "Alien", "hit": False}, "b": {"item": "Heat", "hit": True}}
    lost = {"a": {"item": "Heat", "hit": True}, "b": {"item": "Alien", "hit": False}}
    assert compare("a", "b", db=url).to_json()["sessions"] == [
        {"session": "s00", "target": "Heat", **lost},
        {"session": "s02", "target": "Heat", **won},
    ]


def test_a_failed_session_is_a_miss(record: Record, url: str) -> None:
    record("a", items(range(0, 2)))
    record("b", {**items(range(0, 2)), 1: None})
    found = compare("a", "b", db=url).to_json()
    assert (found["won"], found["lost"], found["failed"]) == (0, 1, {"a": 0, "b": 1})
    assert found["sessions"][0]["b"] == {"item": None, "hit": False}


def test_sessions_of_only_one_run_are_left_out_and_counted(record: Record, url: str) -> None:
    record("a", items(range(0, 10)))
    record("b", items(range(0, 3), size=7))
    found = compare("a", "b", db=url).to_json()
    assert (found["n"], found["left_out"], found["won"], found["lost"]) == (7, 33, 0, 4)


def test_runs_without_a_session_in_common_show_nothing(record: Record, url: str) -> None:
    record("a", items(range(0, 10)))
    record("b", {})
    found = compare("a", "b", db=url).to_json()
    assert (found["n"], found["left_out"], found["p"], found["detectable"]) == (0, 40, 1.0, None)


def test_swapping_the_runs_turns_the_difference_round(record: Record, url: str) -> None:
    record("a", items(range(0, 12)))
    record("b", items(range(4, 30)))
    there, back = compare("a", "b", db=url), compare("b", "a", db=url)
    assert there.test.difference == -back.test.difference
    assert (there.test.won, there.test.lost, there.test.p) == (back.test.lost, back.test.won, back.test.p)


def test_configurations_are_compared_leaf_by_leaf() -> None:
    a = {"rounds": 4, "seed": 1, "llm": {"name": "m", "temperature": 0.0}}
    b = {"rounds": 1, "seed": 1, "llm": {"name": "m", "temperature": 0.7}, "user": False}
    assert differing_settings([a, b]) == {"rounds": (4, 1), "llm.temperature": (0.0, 0.7), "user": (None, False)}


def test_runs_over_other_candidate_lists_are_refused(record: Record, afl: Afl, url: str) -> None:
    record("a", {}, seed=303, split="test", rounds=4)
    record("b", {}, hash="cafe", seed=304, split="test", rounds=1)
    refused = afl("compare", "a", "b", "--db", url, "--json")
    assert refused.code == 2
    assert "they differ in seed (303 and 304); compare runs that agree" in refused.complaint


@pytest.mark.parametrize(
    ("hashes", "named"), [({}, ""), ({"dataset_hash": "f00d"}, "dataset_hash (beef and f00d), ")]
)
def test_where_no_option_tells_the_lists_apart_their_hashes_do(
    hashes: Mapping[str, str], named: str, record: Record, afl: Afl, url: str
) -> None:
    record("a", {}, dataset_hash="beef")
    record("b", {}, **{"hash": "cafe", "dataset_hash": "beef", **hashes})
    complaint = afl("compare", "a", "b", "--db", url).complaint
    assert f"they differ in {named}candidates_hash (c0ffee and cafe); compare" in complaint


def test_a_run_that_is_not_there_is_named(record: Record, afl: Afl, url: str) -> None:
    record("a", {})
    refused = afl("compare", "a", "nowhere", "--db", url)
    assert (refused.code, refused.complaint) == (2, "afl: no run is called 'nowhere'; available: a")


def test_people_see_the_test_and_then_the_sessions_on_which_the_runs_differ(
    record: Record, afl: Afl, url: str
) -> None:
    record("a", items(range(0, 12)), rounds=1)
    record("b", items(range(4, 30)), rounds=4)
    shown = afl("compare", "a", "b", "--db", url).out
    order = [
        "0.3000",
        "Paired differences of HR@1",
        "B − A  40     +0.3500",
        "18     4  0.004",
        "Significant at the 5 % level",
        "s00",
        "*Heat",
        "rounds",
    ]
    places = [shown.index(words) for words in order]
    assert all(before < after for before, after in pairwise(places))


def test_people_see_how_a_session_failed(record: Record, afl: Afl, url: str) -> None:
    record("a", items(range(0, 1)))
    record("b", {**items(range(0, 1)), 0: None})
    assert "(unparsed)" in afl("compare", "a", "b", "--db", url).out


def test_two_simulations_are_compared_as_their_exports_say(
    loop: Afl, afl: Afl, exported: Callable[[str], bytes]
) -> None:
    with running_server(scripted({1: "yes"})) as server:
        loop(server, "--run", "one", "--rounds", 1, "--candidates", 3)
    with running_server(scripted({1: "no", 2: "yes"})) as server:
        loop(server, "--run", "two", "--rounds", 2, "--candidates", 3)
    one, two = (_hits(exported(name)) for name in ("one", "two"))
    found = afl("compare", "one", "two", "--json").json
    assert found["won"] == len(two - one) > 0
    assert found["lost"] == len(one - two) > 0
    assert {entry["session"] for entry in found["sessions"]} == one ^ two
    assert found["configuration"] == {"rounds": [1, 2]}


def test_on_lastfm_the_agent_alone_and_the_loop_are_told_apart_or_not(
    afl: Afl, home: Path, shared_data: Path
) -> None:
    afl("data", "import", "llara", shared_data / "lastfm", "--name", "lastfm")
    study = "simulate --dataset lastfm --llm offline --recommender none --reward none --candidates-from reference"
    rates = [afl(*study.split(), "--rounds", n, "--run", n, "--json").json["hit_rate_at_1"] for n in (1, 4)]
    found = afl("compare", 1, 4, "--json").json
    assert (found["n"], found["won"] + found["lost"]) == (122, len(found["sessions"]))
    assert found["difference"] == pytest.approx(rates[1]["value"] - rates[0]["value"])
    assert found["ci95"][0] <= found["difference"] <= found["ci95"][1]
    assert found["detectable"] == minimum_detectable_hit_difference(122, differing=len(found["sessions"]) / 122)


def _hits(export: bytes) -> set[str]:
    """Sessions whose last recommendation is the target."""
    lines = [json.loads(line) for line in export.decode().splitlines()]
    last = {line["session"]: line["item"] == line["target"] for line in lines if line["role"] == "recommendation"}
    return {session for session, hit in last.items() if hit}


def test_runs_over_fewer_sessions_are_refused(loop: Afl, afl: Afl, server: FakeServer) -> None:
    loop(server, "--run", "all")
    loop(server, "--run", "some", "--sessions", 5)
    assert "they differ in sessions (None and 5)" in afl("compare", "all", "some").complaint


def test_the_json_has_the_documented_keys(record: Record, url: str) -> None:
    record("a", {})
    record("b", {})
    page = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    table = page.split("## `afl compare`")[1].split("## `afl export`")[0]
    assert [key for key in compare("a", "b", db=url).to_json() if f"`{key}`" not in table] == []
