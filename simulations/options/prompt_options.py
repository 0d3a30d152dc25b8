"""A folder of a user's own prompts: the texts that it stands for."""

from collections.abc import Mapping
from typing import Any


def resolve_prompts(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the texts of `prompts` in its place, those that differ from the built-in ones.

    Raises `UsageError` for a folder or a text that cannot be used.
    """
    folder = stated.get("prompts")
    if folder is None:
        return dict(stated)
    from agents.prompts import Prompts

    texts = dict(stated.get("prompt_texts") or {}) | Prompts.load(folder).replaced
    return {name: value for name, value in stated.items() if name != "prompts"} | {"prompt_texts": texts}
