"""What determines the results of a run, as one flat mapping that is fixed when the run starts."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from afl import plugins
from afl.errors import UsageError
from afl.flower.model_store import model_hash
from afl.flower.recommender import find_next_item_model
from afl.llm.language_model import LanguageModel, PerRole
from afl.llm.sampling import is_structured
from afl.ports import LearnedTool
from afl.settings import Settings
from agents.prompts import STRUCTURED
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.agent_prompts import prompts_in_use
from simulations.execution.language_models import models_configuration
from simulations.options.run_options import RunOptions
from simulations.task.task import Task


def run_configuration(
    task: Task, models: PerRole[LanguageModel], agents: AgentFactory, settings: Settings
) -> dict[str, Any]:
    """Data, candidates, models, agents, prompts, rounds, seeds, parameters: JSON, one key per thing.

    Not part of it: concurrency, limits, the endpoint's address, the run's name.
    """
    options = task.options
    return {
        **task.configuration(),
        **agents.configuration(),
        "recommender_content": content_hash(options.recommender, settings),
        **models_configuration(models),
        "prompts": prompts_in_use(agents, *prompt_groups(options), *_answer_formats(models)),
        **_learned_tools(agents),
    }


def _learned_tools(agents: AgentFactory) -> dict[str, Any]:
    """What the tools have learned, by name; nothing where none has learned anything."""
    hashes = {tool.name: tool.hash for tool in agents.tools if isinstance(tool, LearnedTool)}
    return {"tools_learned": hashes} if hashes else {}


def prompt_groups(options: RunOptions) -> tuple[str, ...]:
    """The prompts that a run uses in addition to those of a dialogue."""
    match options.protocol:
        case "dialogue":
            return ("user.question_judge",) if options.ratios else ()
        case "zero-shot":
            return ("zero_shot",)
        case "exploration":
            return ("ranking", "choice", "reflection")
        case _:
            return ("ranking", "choice")


def _answer_formats(models: PerRole[LanguageModel]) -> tuple[str, ...]:
    """The answer formats as JSON objects, where an agent asks for them."""
    return (STRUCTURED,) if any(is_structured(model.parameters) for model in models.distinct) else ()


def content_hash(spec: str, settings: Settings) -> str | None:
    """SHA-256 (hex) of what a spec like `file:PATH` or `flower:NAME` names; None for what AFL trains by itself."""
    name, path = plugins.parse_spec(spec)
    if name == "flower":
        return model_hash(find_next_item_model(name, path, settings.flower_dir))
    if name != "file" or path is None:
        return None
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; expected a CSV file with the columns id,generate") from None


_INPUTS = (
    "dataset_hash",
    "candidates_hash",
    "judged_hash",
    "training_hash",
    "recommender",
    "recommender_content",
    "reward",
)


def same_inputs(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether runs with these configurations ask the same base models about the same sessions."""
    return all(first.get(key) == second.get(key) for key in _INPUTS)


def has_fewer_rounds(config: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the runs differ in their rounds alone and the first has fewer: its requests are among the other's."""
    without_rounds = [{key: value for key, value in each.items() if key != "rounds"} for each in (config, other)]
    return without_rounds[0] == without_rounds[1] and config["rounds"] < other["rounds"]


def default_name(config: Mapping[str, Any]) -> str:
    """The name of a run without one: the same configuration continues the run, any other starts a new one."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    llm = re.sub(r"[^A-Za-z0-9._-]+", "-", config["llm_name"])
    return f"{config['dataset']}-{llm}-{digest[:8]}"
