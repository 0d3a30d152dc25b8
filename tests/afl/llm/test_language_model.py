"""`--llm` by name."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from afl.errors import NotFoundError, UsageError
from afl.llm.langchain_chat import recorded_model
from afl.llm.language_model import EndpointSource, LanguageModelSpec, SamplingOptions, is_stand_in, load_model

NO_DATASET = None


async def test_openai_is_found_by_name(home: Path) -> None:
    model = load_model(LanguageModelSpec("openai:llama3:8b", base_url="http://localhost:1/v1"), dataset=NO_DATASET)  # type: ignore[arg-type]
    assert model.name == "openai:llama3:8b"
    await model.close()


def test_an_unknown_name_lists_the_known_ones(home: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no llm is called 'gpt'; available: .*openai"):
        load_model("gpt", dataset=NO_DATASET)  # type: ignore[arg-type]


def test_a_colon_without_a_model_is_a_mistake(home: Path) -> None:
    with pytest.raises(UsageError, match="expected NAME or NAME:ARG"):
        load_model("openai:", dataset=NO_DATASET)  # type: ignore[arg-type]


async def test_a_key_in_the_specification_wins_over_the_settings(home: Path) -> None:
    spec = LanguageModelSpec("openai:m", base_url="http://localhost:1/v1", api_key=SecretStr("sk-from-the-spec"))
    model = load_model(spec, dataset=NO_DATASET)  # type: ignore[arg-type]
    assert "sk-from-the-spec" in model.secrets
    assert "sk-from-the-spec" not in repr(spec)
    await model.close()


async def test_a_temperature_is_sent_and_part_of_what_determines_replies(home: Path) -> None:
    spec = LanguageModelSpec("openai:m", SamplingOptions(temperature=0.5), base_url="http://localhost:1/v1")
    model = load_model(spec, dataset=NO_DATASET)  # type: ignore[arg-type]
    assert (model.parameters, model.chat.temperature) == ({"temperature": 0.5}, 0.5)  # type: ignore[attr-defined]
    await model.close()


async def test_key_and_address_are_taken_from_where_the_specification_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = EndpointSource(address="--user-base-url", key="OTHER_KEY")
    spec = LanguageModelSpec("openai:m", source=source)
    with pytest.raises(
        UsageError, match=r"set OTHER_KEY or write it into .env; .* its address with --user-base-url"
    ):
        load_model(spec, dataset=NO_DATASET)  # type: ignore[arg-type]
    monkeypatch.setenv("OTHER_KEY", "sk-of-the-other")
    model = load_model(spec, dataset=NO_DATASET)  # type: ignore[arg-type]
    assert "sk-of-the-other" in model.secrets
    await model.close()


def test_the_offline_model_names_the_sampling_options_that_it_does_not_take(home: Path) -> None:
    spec = LanguageModelSpec("offline", SamplingOptions(temperature=None))
    with pytest.raises(UsageError, match=r"^got --temperature none, but --llm offline takes no sampling options$"):
        load_model(spec, dataset=NO_DATASET)  # type: ignore[arg-type]


async def test_a_recorded_model_has_name_and_parameters_and_cannot_be_asked() -> None:
    model = recorded_model("openai:m", {"temperature": 0.0})
    assert (model.name, model.parameters, model.is_stand_in) == ("openai:m", {"temperature": 0.0}, False)
    with pytest.raises(LookupError, match="openai:m is known by name only"):
        await model.chat.ainvoke("What next?")


def test_the_offline_model_is_a_stand_in() -> None:
    assert (is_stand_in("offline"), is_stand_in("openai:gpt-4o")) == (True, False)
