"""`--llm` by name."""

from pathlib import Path

import pytest

from afl.errors import NotFoundError, UsageError
from afl.llm.registry import load_model

NO_DATASET = None


async def test_openai_is_found_by_name(home: Path) -> None:
    model = load_model("openai:llama3:8b", base_url="http://localhost:1/v1", dataset=NO_DATASET)  # type: ignore[arg-type]
    assert model.name == "openai:llama3:8b"
    await model.close()


def test_an_unknown_name_lists_the_known_ones(home: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no llm is called 'gpt'; there are: .*openai"):
        load_model("gpt", dataset=NO_DATASET)  # type: ignore[arg-type]


def test_a_colon_without_a_model_is_a_mistake(home: Path) -> None:
    with pytest.raises(UsageError, match="expected NAME or NAME:ARG"):
        load_model("openai:", dataset=NO_DATASET)  # type: ignore[arg-type]
