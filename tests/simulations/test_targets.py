"""No agent, tool or model learns the target: with other targets every prompt is the same, byte for byte."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from afl.data.dataset import Dataset
from afl.llm.canned_answers import canned_answer
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole, load_model
from afl.settings import Settings
from afl.testing.chat import scripted_model
from memory.export import export
from memory.store import Store
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.engine import PreparedRun, load_engine
from simulations.execution.execution_config import ExecutionConfig
from simulations.execution.run import execute_run
from simulations.options.run_options import RunOptions
from simulations.progress import silent
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

OPTIONS = RunOptions(dataset="small", llm="any", split="all", recommender="none", reward="none")


@pytest.fixture
def task(dataset: Dataset) -> Task:
    return Task.of(dataset, OPTIONS)


def flipped(task: Task) -> Task:
    """The same sessions and lists; the target is another item of each list."""
    others = [int(items[items != row.target][0]) for row, items in zip(task.rows, task.candidates, strict=True)]
    return replace(task, rows=[replace(row, target=item) for row, item in zip(task.rows, others, strict=True)])


def advised(task: Task) -> ModelOutputs:
    """Every session has a suggestion and scores."""
    scores = np.random.default_rng(7).normal(size=task.candidates.shape).astype(np.float32)
    return ModelOutputs(task.candidates[:, 3].astype(np.int64), np.round(scores, 2))


def model_called(name: str, dataset: Dataset) -> LanguageModel:
    if name == "offline":
        return load_model("offline", dataset=dataset, settings=Settings())
    return scripted_model(lambda messages: canned_answer([{"content": said.content} for said in messages]))


async def export_of(task: Task, model: LanguageModel, folder: Path) -> bytes:
    """The export of a fresh run of this study."""
    agents = AgentFactory().complete(task.options, task.dataset, Settings())
    async with await Store.open(f"sqlite:///{folder / 'afl.db'}") as store:
        run = await store.begin_run("x", {}, task.candidate_record())
        specs, models = PerRole.shared(LanguageModelSpec("any")), PerRole.shared(model)
        prepared = PreparedRun("x", {}, task, agents, specs, models, advised(task), None)
        await execute_run(run, prepared, ExecutionConfig(), load_engine(), bar=silent)
        return "".join([line async for line in export(run)]).encode()


@pytest.mark.parametrize("name", ["scripted", "offline"])
async def test_another_target_of_the_same_list_changes_no_byte_but_target_and_hit(
    name: str, task: Task, dataset: Dataset, tmp_path: Path
) -> None:
    model = model_called(name, dataset)
    first = [json.loads(line) for line in (await export_of(task, model, tmp_path / "a")).splitlines()]
    second = [json.loads(line) for line in (await export_of(flipped(task), model, tmp_path / "b")).splitlines()]
    assert [line["target"] for line in first] != [line["target"] for line in second]
    assert [line.pop("messages") for line in first] == [line.pop("messages") for line in second]
    unknown = {"target": None, "hit": None}
    assert [line | unknown for line in first] == [line | unknown for line in second]


async def test_suggestion_and_score_reach_the_prompts_they_belong_in(task: Task, tmp_path: Path) -> None:
    export = await export_of(task, model_called("scripted", task.dataset), tmp_path / "a")
    lines = [json.loads(line) for line in export.splitlines()]
    recommended = [line["messages"][-1]["content"] for line in lines if line["role"] == "recommendation"]
    responded = [line["messages"][-1]["content"] for line in lines if line["role"] == "user"]
    assert max(line["round"] for line in lines) == 4
    assert all("A sequential model suggests: Band" in text and "Reward score" not in text for text in recommended)
    assert all("Reward score: " in text and "sequential model" not in text for text in responded)


def test_models_are_shown_views_without_a_target(task: Task) -> None:
    assert task.views() == flipped(task).views()
    assert task.candidate_record() == flipped(task).candidate_record()
