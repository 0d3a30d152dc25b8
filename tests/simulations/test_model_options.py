"""Options of a language model: what is sent, what identifies a run, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from afl.errors import UsageError
from afl.llm.language_model import DEFAULT_SOURCE, EndpointSource, LanguageModelSpec
from afl.llm.sampling import FrozenJson, SamplingOptions
from afl.settings import Settings
from simulations.execution.language_models import model_specs
from simulations.options.groups import EndpointOptions
from simulations.options.run_options import FIRST, RunOptions

BASIC: dict[str, Any] = {"dataset": "d", "llm": "openai:m"}


def options(**stated: Any) -> RunOptions:
    return RunOptions.resolve({**BASIC, **stated})


def test_options_at_their_default_leave_no_key_in_a_configuration() -> None:
    stated = options(
        temperature="0", system_role="system", llm_options={}, user_llm="openai:m", user_temperature=0.0
    )
    assert set(stated.configuration()) == set(options().configuration()) == set(FIRST)


@pytest.mark.parametrize(
    ("stated", "key", "value"),
    [
        ({"temperature": "0.7"}, "temperature", 0.7),
        ({"temperature": 1}, "temperature", 1.0),
        ({"temperature": "None"}, "temperature", "none"),
        ({"top_p": 0.9}, "top_p", 0.9),
        ({"max_tokens": 50}, "max_tokens", 50),
        ({"reasoning_effort": "high"}, "reasoning_effort", "high"),
        ({"llm_seed": 0}, "llm_seed", 0),
        ({"system_role": "merge"}, "system_role", "merge"),
        ({"llm_options": ["top_k=40", 'a={"b": [1]}']}, "llm_options", {"a": {"b": [1]}, "top_k": 40}),
        ({"llm_options": {"top_k": 40}}, "llm_options", {"top_k": 40}),
        ({"user_temperature": "0.5"}, "user_temperature", 0.5),
        ({"user_llm": "openai:n"}, "user_llm", "openai:n"),
    ],
)
def test_an_option_is_stored_as_its_value_and_read_back(stated: dict[str, Any], key: str, value: object) -> None:
    config = options(**stated).configuration()
    assert config[key] == value
    assert set(config) == {*FIRST, key}
    assert RunOptions.resolve({}, recorded=config) == options(**stated)


def test_parameters_are_what_is_asked_for_by_the_names_of_the_request() -> None:
    stated = options(
        temperature="none",
        top_p=0.5,
        max_tokens=9,
        reasoning_effort="low",
        llm_seed=7,
        system_role="developer",
        llm_options=["top_k=40"],
    )
    sampling = SamplingOptions(None, 0.5, 9, "low", 7, "developer", FrozenJson({"top_k": 40}))
    assert stated.sampling == sampling
    body = {"top_p": 0.5, "max_tokens": 9, "reasoning_effort": "low", "seed": 7, "top_k": 40}
    assert sampling.body() == body
    assert sampling.parameters() == {**body, "system_role": "developer"}
    assert SamplingOptions().parameters() == {"temperature": 0.0}
    assert sampling.changed() == (
        "--temperature none, --top-p 0.5, --max-tokens 9, --reasoning-effort low, --llm-seed 7, "
        "--system-role developer, --llm-option top_k=40"
    )


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"temperature": "hot"}, "--temperature: got 'hot', expected a number from 0 upwards, or none"),
        ({"temperature": -0.1}, "--temperature: got -0.1, expected a number from 0 upwards, or none"),
        ({"temperature": "nan"}, "--temperature: got 'nan', expected a number from 0 upwards, or none"),
        ({"temperature": float("inf")}, "--temperature: got inf, expected a number from 0 upwards, or none"),
        ({"top_p": 1.5}, "--top-p: got 1.5, expected a number from 0 to 1"),
        ({"max_tokens": 0}, "--max-tokens: got 0, expected at least 1"),
        ({"reasoning_effort": " "}, "--reasoning-effort: got ' ', expected a word of the endpoint"),
        ({"llm_seed": 0.5}, "--llm-seed: got 0.5, expected a whole number"),
        ({"system_role": "user"}, "--system-role: got 'user', expected one of: system, developer, merge"),
        ({"llm_options": ["top_k"]}, "--llm-option: got 'top_k', expected KEY=JSON, for example top_k=40"),
        ({"llm_options": ["=1"]}, "--llm-option: got '=1', expected KEY=JSON"),
        ({"llm_options": ["tier=flex"]}, "a word needs quotes: 'tier=\"flex\"'"),
        ({"llm_options": ["x=NaN"]}, "--llm-option: .*; expected values of JSON"),
        ({"llm_options": {"x": object()}}, "--llm-option: .*; expected values of JSON"),
        ({"llm_options": ["a=1", "a=2"]}, "--llm-option: got 'a' twice, expected each field once"),
        ({"llm_options": ["model=1"]}, "--llm-option: 'model' is set by AFL itself: the model is named by --llm"),
        ({"llm_options": {"messages": []}}, "'messages' is set by AFL itself: prompts are the messages"),
        ({"llm_options": ["stream=true"]}, "'stream' is set by AFL itself: replies are read whole"),
        ({"llm_options": ["top_p=1"]}, "'top_p' is set by AFL itself: use --top-p"),
        ({"user_temperature": "hot"}, "--user-temperature: got 'hot', expected a number from 0 upwards, or none"),
        ({"user_llm": "offline", "user_llm_options": {"top": 1}}, "user-llm-options: got 'top', expected one of"),
        ({"user_llm_options": {"top_p": 1}}, "user_llm_options: expected with user_llm"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_line(stated: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        options(**stated)
    assert "\n" not in str(refused.value)


def test_a_run_without_a_user_agent_does_not_depend_on_its_model() -> None:
    assert options(user=False, user_llm="openai:n", user_temperature=1.0) == options(user=False)
    with pytest.raises(UsageError, match="there is no user agent"):
        RunOptions(dataset="d", llm="openai:m", rounds=1, user=False, user_llm="openai:n")


def test_without_a_model_of_its_own_the_user_agent_shares_all_but_the_temperature(home: Path) -> None:
    specs = model_specs(
        options(top_p=0.5, user_temperature=0.7), EndpointOptions(base_url="http://here/v1"), Settings()
    )
    assert specs.recommendation == LanguageModelSpec(
        "openai:m", SamplingOptions(top_p=0.5), base_url="http://here/v1"
    )
    assert specs.user == LanguageModelSpec(
        "openai:m", SamplingOptions(temperature=0.7, top_p=0.5), base_url="http://here/v1"
    )
    assert len(model_specs(options(top_p=0.5), EndpointOptions(), Settings()).distinct) == 1


def test_a_model_of_the_user_agent_has_its_own_options(home: Path) -> None:
    stated = options(temperature=0.3, top_p=0.5, user_llm="openai:n", user_llm_options={"llm_seed": 1})
    specs = model_specs(stated, EndpointOptions(base_url="http://here/v1"), Settings())
    assert specs.user == LanguageModelSpec("openai:n", SamplingOptions(seed=1), base_url="http://here/v1")


def test_another_address_gets_no_key_that_was_stated_for_the_first(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_KEY", "sk-first")
    monkeypatch.setenv("SECOND_KEY", "sk-second")
    here = EndpointOptions(base_url="http://here/v1", api_key_env="FIRST_KEY", user_base_url="http://there/v1")
    user = model_specs(options(user_llm="openai:n"), here, Settings()).user
    assert (user.base_url, user.api_key, user.source) == ("http://there/v1", None, DEFAULT_SOURCE)
    same = EndpointOptions(base_url="http://here/v1", api_key_env="FIRST_KEY")
    user = model_specs(options(user_llm="openai:n"), same, Settings()).user
    assert user.api_key is not None
    assert (user.base_url, user.api_key.get_secret_value()) == ("http://here/v1", "sk-first")
    other_kind = model_specs(options(user_llm="offline"), same, Settings()).user
    assert other_kind == LanguageModelSpec("offline")
    own = EndpointOptions(user_base_url="http://there/v1", user_api_key_env="SECOND_KEY")
    user = model_specs(options(user_llm="openai:n"), own, Settings()).user
    assert user.source == EndpointSource("--user-base-url", "SECOND_KEY")


def test_a_key_in_place_of_the_name_of_a_variable_is_refused_and_not_shown(home: Path) -> None:
    with pytest.raises(
        UsageError, match=r"--api-key-env: expected the name of an environment variable"
    ) as refused:
        model_specs(options(), EndpointOptions(api_key_env="sk-secret-1"), Settings())
    assert "sk-secret" not in str(refused.value)
