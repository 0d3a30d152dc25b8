"""From the specification of a language model to the model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from afl.errors import UsageError
from afl.llm.language_model import LanguageModel, LanguageModelContext, LanguageModelSpec
from afl.llm.time_limits import DEFAULT_REQUEST_TIMEOUT
from afl.plugins import load_plugin, parse_spec
from afl.settings import Settings

if TYPE_CHECKING:
    from afl.data.dataset import Dataset

GROUP = "afl.llms"


def load_model(
    spec: LanguageModelSpec | str,
    *,
    dataset: "Dataset",
    settings: Settings | None = None,
    timeout: float = DEFAULT_REQUEST_TIMEOUT,
) -> LanguageModel:
    """The model that `spec` describes: `offline`, `openai:MODEL`, or what a plug-in registered.

    A string stands for a specification with this name. Nothing is sent yet: `await model.check()` tells whether the
    endpoint works. `await model.close()` belongs to the event loop in which the model was asked. `timeout`: seconds
    until a request is given up.
    """
    spec = LanguageModelSpec(spec) if isinstance(spec, str) else spec
    plugin = parse_spec(spec.name).name
    model = load_plugin(GROUP, plugin)(LanguageModelContext(spec, dataset, settings or Settings(), timeout))
    if not isinstance(model, LanguageModel):
        raise UsageError(f"got {type(model).__name__} from the plug-in {plugin!r}, expected a LanguageModel")
    return model


def recorded_model(name: str, parameters: Mapping[str, Any]) -> LanguageModel:
    """The language model of a recorded run as far as fingerprints depend on it; asking it raises `LookupError`."""
    from afl.llm.langchain_chat import FunctionChat

    def no_reply(messages: object) -> str:
        raise LookupError(f"{name} is known by name only: a replay answers from the recorded journal")

    return LanguageModel(name, FunctionChat(no_reply), parameters)
