"""LangGraph's own tools find the loop through `langgraph.json`."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from afl.errors import NotFoundError
from afl.types import Role
from simulations.cli.studio import StudioGraph

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def graph(small: Path, monkeypatch: pytest.MonkeyPatch) -> StudioGraph:
    """What `langgraph.json` names, over the data set `small`, without base models."""
    named = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["feedback_loop"]
    path, _, attribute = named.partition(":")
    module = import_module(path.removeprefix("./").removesuffix(".py").replace("/", "."))
    for name, value in {"DATASET": "small", "SPLIT": "all", "RECOMMENDER": "none", "REWARD": "none"}.items():
        monkeypatch.setenv(f"AFL_STUDIO_{name}", value)
    module._built.cache_clear()  # it is kept for the life of a server
    return await getattr(module, attribute)()  # type: ignore[no-any-return]


def test_the_drawing_shows_the_loop_inside(graph: StudioGraph) -> None:
    nodes = {name.rpartition(":")[2] for name in graph.get_graph(xray=True).nodes}
    assert {"recommend", "respond"} <= nodes


async def test_a_session_is_run_by_its_id(graph: StudioGraph) -> None:
    state = await graph.ainvoke({"session": "u7"})
    assert state["view"].session == "u7"
    assert [turn.role for turn in state["turns"][:2]] == [Role.RECOMMENDATION, Role.USER]
    assert state["turns"][-1].outcome == "ok"


async def test_an_unknown_session_is_named(graph: StudioGraph) -> None:
    with pytest.raises(NotFoundError, match="no session 'nobody' in data set 'small'"):
        await graph.ainvoke({"session": "nobody"})
