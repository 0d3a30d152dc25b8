"""From `--llm NAME[:ARGUMENT]` to a language model."""

from afl.data.dataset import Dataset
from afl.errors import UsageError
from afl.llm.language_model import LanguageModel, LanguageModelContext
from afl.llm.time_limits import DEFAULT_REQUEST_TIMEOUT
from afl.plugins import load_plugin, parse_spec
from afl.settings import Settings

GROUP = "afl.llms"


def load_model(
    spec: str,
    *,
    dataset: Dataset,
    base_url: str | None = None,
    settings: Settings | None = None,
    timeout: float = DEFAULT_REQUEST_TIMEOUT,
) -> LanguageModel:
    """The model that `spec` names: `offline`, `openai:MODEL`, or what a plug-in registered.

    Nothing is sent yet: `await model.check()` tells whether the endpoint can work. `await model.close()` belongs
    to the event loop in which the model was asked. `timeout`: seconds that an answer may take.
    """
    name, argument = parse_spec(spec)
    model = load_plugin(GROUP, name)(
        LanguageModelContext(argument, base_url, settings or Settings(), dataset, timeout)
    )
    if not isinstance(model, LanguageModel):
        raise UsageError(f"got {type(model).__name__} from the plug-in {name!r}, expected a LanguageModel")
    return model
