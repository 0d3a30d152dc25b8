"""The loop as LangGraph's own tools open it (`langgraph dev`, Studio): name a session, watch the dialogue.

`AFL_STUDIO_DATASET`, `AFL_STUDIO_LLM` and the like choose data set and models; by default `demo`, imported on first
use, and `offline`. Nothing is stored; `afl simulate` stores runs.
"""

import asyncio
from functools import cache
from typing import Any, NotRequired, TypedDict, cast

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic_settings import BaseSettings, SettingsConfigDict

from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetStore
from afl.errors import NotFoundError
from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import load_model
from afl.llm.memory_journal import MemoryJournal
from afl.settings import Settings
from afl.types import SessionView
from simulations.commands.data import import_data
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.assembly import build_task_graph
from simulations.execution.language_models import model_specs
from simulations.graphs.dialogue import DialogueGraph, DialogueState
from simulations.options.groups import EndpointOptions, SplitName
from simulations.options.run_options import RunOptions
from simulations.progress import Unwatched
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task
from simulations.task.training_data import training_data


class StudioSettings(BaseSettings):
    """Data set and models of the studio."""

    model_config = SettingsConfigDict(env_prefix="AFL_STUDIO_", env_file=".env", extra="ignore")

    dataset: str = "demo"
    llm: str = "offline"
    split: SplitName = "test"
    rounds: int = 4
    recommender: str = "sasrec"
    reward: str = "sasrec"


class Request(TypedDict):
    """What is typed into the studio."""

    session: NotRequired[str]
    """A session's id in the split; the first one by default."""


class StudioState(DialogueState, Request):
    """A dialogue, and the session of the request."""


StudioGraph = CompiledStateGraph[StudioState, None, Request, StudioState]


async def graph() -> StudioGraph:
    """The graph that `langgraph.json` names: built once, outside the server's event loop."""
    return await asyncio.to_thread(_built)


def build() -> StudioGraph:
    """The loop with a node before it that looks the session up."""
    choices, settings = StudioSettings(), Settings()
    options = RunOptions(**choices.model_dump())
    dataset = _dataset(choices.dataset, settings)
    task = Task.of(dataset, options, training_data(DatasetStore(settings.data_dir), dataset, None))
    specs = model_specs(options, EndpointOptions(), settings)
    models = specs.map(lambda spec: load_model(spec, dataset=task.training, settings=settings))
    journal = MemoryJournal()
    chats = models.map(lambda model: JournaledChat.live(model, journal))
    agents = AgentFactory().complete(options, task.training, settings)
    outputs = ModelOutputs.of(task, settings, Unwatched())
    return _with_lookup(task, build_task_graph(task, outputs, agents, chats))


_built = cache(build)


def _with_lookup(task: Task, loop: DialogueGraph) -> StudioGraph:
    """The loop behind a node that turns a session's id into what the agents may see of it."""
    positions = {row.id: position for position, row in enumerate(task.rows)}

    async def look_up(request: Request) -> dict[str, SessionView]:
        session = request.get("session") or task.rows[0].id
        if session not in positions:
            raise NotFoundError(
                f"no session {session!r} in data set {task.dataset.name!r}; one is {task.rows[0].id!r}"
            )
        return {"view": task.session(positions[session]).view}

    outer = StateGraph[StudioState, None, Request, StudioState](StudioState, input_schema=Request)
    outer.add_node("look up", cast(Any, look_up))  # langgraph infers its input from the annotation
    outer.add_node("feedback loop", loop)
    outer.add_edge(START, "look up")
    outer.add_edge("look up", "feedback loop")
    outer.add_edge("feedback loop", END)
    return outer.compile(name="feedback loop")


def _dataset(name: str, settings: Settings) -> Dataset:
    library = DatasetStore(settings.data_dir)
    if name == "demo" and name not in library.names():
        import_data("demo", name="demo", settings=settings)
    return library.load(name)
