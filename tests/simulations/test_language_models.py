"""Each agent asks the language model of its role; roles with the same one share it, as all runs of today do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from afl.data.dataset import Dataset
from afl.llm.budget import NO_COST, Budget, NullLedger, unlimited_account
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole, SamplingOptions
from afl.llm.limiter import ModelRateLimits
from afl.llm.price import Price
from afl.settings import Settings
from afl.testing.chat import scripted_model
from afl.types import Role
from memory.costs import UnpricedTokens
from memory.store import Store
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.engine import PreparedRun, load_engine
from simulations.execution.execution_config import ExecutionConfig
from simulations.execution.language_models import (
    endpoint_label,
    model_specs,
    models_configuration,
    recorded_models,
    stall_advice,
)
from simulations.execution.limits import _price_now
from simulations.execution.run import execute_run
from simulations.options.groups import EndpointOptions
from simulations.options.run_options import RunOptions
from simulations.progress import silent
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

OPTIONS = RunOptions(dataset="small", llm="any", split="all", recommender="none", reward="none", rounds=1)


def model(name: str, endpoint: str = "", **parameters: Any) -> LanguageModel:
    return LanguageModel(name, scripted_model(lambda messages: "").chat, parameters, endpoint=endpoint)


ONE, OTHER = model("one", "a:1", temperature=0.0), model("other", "b:2", temperature=1.0)


async def test_each_agent_asks_the_model_of_its_role(dataset: Dataset, tmp_path: Path) -> None:
    asked: dict[str, list[str]] = {"recommendation": [], "user": []}
    task = Task.of(dataset, OPTIONS)
    title = dataset.catalogue.titles[int(task.candidates[0, 0])]

    def of(role: str, answer: str) -> LanguageModel:
        def reply(messages: Any) -> str:
            asked[role].append(str(messages[-1].content))
            return answer

        return scripted_model(reply)

    models = PerRole(
        of("recommendation", f"Reason: it fits\nItem: {title}"), of("user", "Reason: no\nDecision: no")
    )
    agents = AgentFactory().complete(OPTIONS, dataset, Settings())
    async with await Store.open(f"sqlite:///{tmp_path / 'afl.db'}") as store:
        run = await store.begin_run("x", {}, task.candidate_record())
        specs = PerRole.shared(LanguageModelSpec("any"))
        prepared = PreparedRun("x", {}, task, agents, specs, models, ModelOutputs(None, None), None)
        await execute_run(run, prepared, ExecutionConfig(), load_engine(), bar=silent)
        roles = {row.role: row.calls for row in await run.agent_costs()}
    assert roles == {role: len(requests) for role, requests in asked.items()}
    assert all("Decision:" in request for request in asked["user"])
    assert not any("Decision:" in request for request in asked["recommendation"])


def test_today_both_roles_ask_the_same_model() -> None:
    specs = model_specs(OPTIONS, EndpointOptions(base_url="http://here/v1"))
    assert specs.distinct == (LanguageModelSpec("any", base_url="http://here/v1"),)


def test_models_that_are_the_same_leave_the_keys_of_one() -> None:
    elsewhere = model("one", "c:3", temperature=0.0)
    shared = {"llm_name": "one", "llm_parameters": {"temperature": 0.0}}
    assert models_configuration(PerRole.shared(ONE)) == shared
    assert models_configuration(PerRole(ONE, elsewhere)) == shared


def test_another_model_of_the_user_agent_has_keys_of_its_own() -> None:
    config = models_configuration(PerRole(ONE, OTHER))
    assert (config["user_llm_name"], config["user_llm_parameters"]) == ("other", {"temperature": 1.0})
    recorded = recorded_models(config)
    assert (recorded.recommendation.name, recorded.user.name) == ("one", "other")
    assert recorded.user.parameters == {"temperature": 1.0}


@pytest.mark.parametrize(
    ("models", "label"),
    [(PerRole.shared(ONE), "one at a:1"), (PerRole(ONE, OTHER), "one at a:1 and other at b:2")],
)
def test_the_label_names_every_endpoint(models: PerRole[LanguageModel], label: str) -> None:
    assert endpoint_label(models) == label


def test_agents_that_ask_the_same_model_at_the_same_address_share_its_limits() -> None:
    here = LanguageModelSpec("one", base_url="http://here/v1")
    execution = ExecutionConfig(rate_limits=ModelRateLimits(rpm=7))
    warmer = replace(here, sampling=SamplingOptions(1.0))
    models = PerRole.shared(ONE)
    assert len(execution.limiters(PerRole(here, warmer), models).distinct) == 1
    there = replace(here, base_url="http://there/v1")
    assert len(execution.limiters(PerRole(here, there), models).distinct) == 2
    assert len(execution.limiters(PerRole(here, replace(here, name="other")), models).distinct) == 2


@pytest.mark.parametrize(("concurrency", "begun"), [(64, 4), (2, 2)])
def test_a_model_never_gets_more_requests_at_once_than_it_answers(concurrency: int, begun: int) -> None:
    spec, model = LanguageModelSpec("one"), replace(ONE, max_requests=4)
    limiters = ExecutionConfig(concurrency).limiters(PerRole.shared(spec), PerRole.shared(model))
    assert limiters.recommendation.history[0].concurrency == begun


def test_silence_is_advised_on_where_replies_have_no_maximum_length() -> None:
    endless = replace(ONE, has_endless_replies=True)
    limited = Budget(tokens=1000).open_account("", prices=PerRole.shared(None), ledger=NullLedger(), spent=NO_COST)
    assert "--max-tokens" in stall_advice(PerRole(OTHER, endless), unlimited_account())
    assert stall_advice(PerRole(OTHER, endless), limited) == ""
    assert stall_advice(PerRole(OTHER, ONE), unlimited_account()) == ""


def test_a_models_requests_a_minute_count_over_all_runs_of_a_command() -> None:
    rates = ModelRateLimits(rpm=7)
    assert rates.of("one") is rates.of("one")
    assert rates.of("one") is not rates.of("other")
    assert rates.of("other").rpm == 7


def test_tokens_without_a_price_are_priced_by_the_model_of_their_role() -> None:
    unpriced = [UnpricedTokens(Role.RECOMMENDATION, 1_000_000, 0, 1), UnpricedTokens(Role.USER, 0, 1_000_000, 10)]
    assert _price_now(unpriced, PerRole(Price(1.0, 2.0), Price(4.0, 8.0))) == 9.0
    assert _price_now(unpriced, PerRole.shared(Price(1.0, 2.0))) == 3.0
    assert _price_now(unpriced, PerRole(None, Price(4.0, 8.0))) == 8.0
    assert _price_now(unpriced, PerRole.shared(None)) == 0.0
