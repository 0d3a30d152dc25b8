"""What changes the identity of a run: every option that is sent and every prompt that is used, and nothing else."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from afl.llm.adaptations import Adaptations
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole, load_model
from afl.llm.response_format import response_format
from afl.llm.sampling import is_structured
from afl.settings import Settings
from afl.testing.server import FakeServer, running_server
from agents.prompts import DIALOGUE, Prompts
from agents.structured import decision_schema
from simulations.execution.language_models import model_specs, models_configuration
from simulations.options.groups import EndpointOptions
from simulations.options.run_options import RunOptions

MESSAGES = [SystemMessage("You recommend."), HumanMessage("Recommend.")]
SCHEMA = decision_schema()
KEYS = {"OPENAI_API_KEY": "sk-one-0123456789"}
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from(["none", 0, 0.5, 1.0]),
        "top_p": st.sampled_from([0.5, 0.9]),
        "max_tokens": st.sampled_from([50, 100]),
        "reasoning_effort": st.sampled_from(["low", "high"]),
        "llm_seed": st.sampled_from([0, 1]),
        "llm_options": st.sampled_from([{"top_k": 1}, {"top_k": 2}, {"stop": ["x"]}]),
        "system_role": st.sampled_from(["system", "developer", "merge"]),
        "structured": st.sampled_from(["off", "json-schema"]),
        "user_temperature": st.sampled_from(["none", 0, 0.5]),
    },
)
ONE_SERVER = settings(
    max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[FakeServer]:
    with running_server() as server:
        yield server


def models(stated: Mapping[str, Any], url: str, keys: Mapping[str, str] = KEYS) -> PerRole[LanguageModel]:
    """The language models of both agents, as a run has them."""
    options = RunOptions.resolve({"dataset": "d", "llm": "openai:m", **stated})
    specs = model_specs(options, EndpointOptions(base_url=url))

    def load(spec: LanguageModelSpec) -> LanguageModel:
        settings = Settings.model_validate({**keys})
        return load_model(spec, dataset=None, settings=settings)  # type: ignore[arg-type]

    return specs.map(load)


def identity(models: PerRole[LanguageModel]) -> dict[str, Any]:
    return models_configuration(models)


def sent(models: PerRole[LanguageModel], server: FakeServer) -> list[dict[str, Any]]:
    """The bodies of a request of each agent."""

    async def ask() -> None:
        for model in (models.recommendation, models.user):
            is_json = is_structured(model.parameters)
            await model.chat.ainvoke(MESSAGES, **({"response_format": response_format(SCHEMA)} if is_json else {}))
        for model in models.distinct:
            await model.close()

    before = len(server.requests)
    asyncio.run(ask())
    return server.requests[before:]


@ONE_SERVER
@given(first=OPTIONS, second=OPTIONS)
def test_runs_have_the_same_identity_exactly_where_the_same_is_sent(
    endpoint: FakeServer, first: dict[str, Any], second: dict[str, Any]
) -> None:
    one, other = models(first, endpoint.url), models(second, endpoint.url)
    same = identity(one) == identity(other)
    assert same == (sent(one, endpoint) == sent(other, endpoint))


@ONE_SERVER
@given(
    stated=OPTIONS, key=st.text("abcdef0123456789", min_size=12, max_size=20), path=st.sampled_from(["a", "b/v1"])
)
def test_address_and_key_change_no_identity(
    endpoint: FakeServer, stated: dict[str, Any], key: str, path: str
) -> None:
    here = models(stated, endpoint.url)
    there = models(stated, f"http://127.0.0.1:1/{path}", {"OPENAI_API_KEY": key})
    assert identity(here) == identity(there)


@ONE_SERVER
@given(stated=OPTIONS, dropped=st.sets(st.sampled_from(["temperature", "top_p", "seed"])), merged=st.booleans())
def test_what_an_endpoint_makes_necessary_changes_what_is_sent_and_no_identity(
    endpoint: FakeServer, stated: dict[str, Any], dropped: set[str], merged: bool
) -> None:
    plain, adapted = models(stated, endpoint.url), models(stated, endpoint.url)
    for model in adapted.distinct:
        assert model.adaptations is not None
        model.adaptations.now = Adaptations(tuple(sorted(dropped)), "max_completion_tokens", merged)
    assert identity(plain) == identity(adapted)
    assert all(dropped.isdisjoint(body) for body in sent(adapted, endpoint))
    assert identity(plain) == identity(adapted)


@given(name=st.sampled_from(sorted(DIALOGUE)), added=st.text(min_size=1).filter(str.strip))
def test_any_piece_of_a_prompt_that_is_used_changes_the_identity(name: str, added: str) -> None:
    prompts = Prompts.load()
    assert Prompts({**prompts.texts, name: prompts.texts[name] + added}).hash() != prompts.hash()


@pytest.mark.parametrize("group", ["ranking", "choice", "reflection", "zero_shot"])
def test_a_prompt_counts_where_the_run_uses_it_and_nowhere_else(group: str) -> None:
    prompts = Prompts.load()
    (name, *_) = sorted(text for text in prompts.texts if text.split(".")[0] == group)
    changed = Prompts({**prompts.texts, name: prompts.texts[name] + " Be brief."})
    assert changed.hash(group) != prompts.hash(group)
    assert changed.hash() == prompts.hash()
