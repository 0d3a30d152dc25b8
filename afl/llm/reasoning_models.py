"""Which language models reason before they answer, by what is asked of them and by name: for estimates alone.

Nothing about a reply or a request depends on this list. A model that is missing can be added, or `afl estimate` told
with `--reasoning-tokens`.
"""

import re
from collections.abc import Mapping
from typing import Any

REASONING_TOKENS = 1000
"""Assumed tokens of reasoning before a reply; reports range from a few hundred to several thousand."""

_NAMES = re.compile(
    r"^o[1-9](?![a-z0-9])|^gpt-5(?!.*chat)|^gpt-oss|^deepseek-(r\d|reasoner)|^r1\b|^qwq|^qwen3(?!.*instruct)|^magistral"
    r"|^gemini-(2\.5|3)|^grok-(3-mini|4)|^minimax-m|^glm-(4\.[5-9]|z)|^phi-4.*reasoning|think|reasoner"
)
"""In a part of a name: `openai:openai/gpt-5` is matched as `openai`, `openai` and `gpt-5`."""
_NO_REASONING = ("none", "minimal")
"""Values of `reasoning_effort` that ask for next to none."""


def is_known_to_reason(name: str, parameters: Mapping[str, Any]) -> bool:
    """Whether the model of this name, asked with these parameters, reasons before it answers."""
    effort = parameters.get("reasoning_effort")
    if effort is not None:
        return str(effort) not in _NO_REASONING
    return any(_NAMES.search(part) for part in re.split("[:/]", name.lower()))
