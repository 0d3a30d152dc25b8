"""Runs over `--llm langchain:anthropic:MODEL`, before a server that speaks Anthropic's protocol."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from afl.llm.canned_answers import canned_answer
from afl.llm.price import Price
from afl.testing import anthropic_server
from afl.testing.anthropic_server import FakeAnthropicServer
from afl.testing.faults import Fault
from afl.testing.server import running_server
from simulations.execution.language_models import model_specs
from simulations.options.groups import EndpointOptions, LanguageModelOptions
from tests.simulations.conftest import Afl, Finished

KEY = "sk-ant-canary-1234567890"
PRICE = Price(5.0, 25.0)
Run = Callable[..., Finished]


@pytest.fixture
def anthropic() -> Iterator[FakeAnthropicServer]:
    with server() as running:
        yield running


def server(faults: Mapping[int, Fault] | None = None) -> Any:
    return running_server(canned_answer, kind=FakeAnthropicServer, authorization=KEY, faults=faults)


@pytest.fixture
def claude(afl: Afl, small: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`claude(server, "--run", "x")`: `afl simulate --json` over three sessions of `small`."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    (small / "prices.json").write_text(json.dumps({"models": {"claude-opus-5": [PRICE.prompt, PRICE.completion]}}))

    def run(asked: FakeAnthropicServer, *more: object) -> Finished:
        fixed = "simulate --dataset small --split all --sessions 3 --recommender none --reward none --json"
        llm = ["--llm", "langchain:anthropic:claude-opus-5", "--base-url", asked.url]
        return afl(*fixed.split(), *llm, *more)

    return run


def test_a_run_is_completed_counted_and_priced(claude: Run, anthropic: FakeAnthropicServer) -> None:
    run = claude(anthropic, "--run", "x")
    assert (run.code, run.json["completed"], run.json["failed"]) == (0, 3, 0)
    usage = run.json["llm"]
    assert usage["calls"] == anthropic.counters.chat > 0
    assert usage["prompt_tokens"] > 0
    assert usage["cost_usd"] == pytest.approx(
        PRICE.of(usage["prompt_tokens"], usage["completion_tokens"]), abs=1e-6
    )


def test_a_run_is_continued_and_replayed_without_a_call(
    claude: Run, afl: Afl, anthropic: FakeAnthropicServer, exported: Callable[[str], bytes]
) -> None:
    claude(anthropic, "--run", "x")
    calls = anthropic.counters.chat
    assert claude(anthropic, "--run", "x").json["llm"]["calls"] == 0
    replayed = afl("simulate", "--replay", "x", "--run", "y", "--json")
    assert (replayed.code, replayed.json["completed"]) == (0, 3)
    assert anthropic.counters.chat == calls
    assert exported("x") == exported("y")


def test_its_replies_are_those_of_an_openai_compatible_endpoint(
    claude: Run, afl: Afl, anthropic: FakeAnthropicServer, exported: Callable[[str], bytes]
) -> None:
    claude(anthropic, "--run", "x")
    fixed = "simulate --dataset small --split all --sessions 3 --recommender none --reward none --llm openai:m"
    with running_server() as other:
        assert afl(*fixed.split(), "--base-url", other.url, "--run", "y").code == 0
    assert exported("x") == exported("y")


def test_a_model_that_refuses_temperature_works_at_the_first_try(claude: Run) -> None:
    picky = anthropic_server.refuses("temperature", "`temperature` is deprecated for this model.")
    with server(dict.fromkeys(range(1, 99), picky)) as asked:
        run = claude(asked, "--run", "x")
        line = "langchain:anthropic:claude-opus-5 does not take temperature; requests go without it"
        assert (run.code, run.err.count(line)) == (0, 1)
        assert run.json["llm"]["calls"] == sum("temperature" not in request for request in asked.requests)
        before = asked.counters.chat
        assert claude(asked, "--run", "y").code == 0
        assert claude(asked, "--run", "x", "--sessions", 4).err.count(line) == 0
        assert "temperature" not in asked.requests[-1]
    assert asked.counters.chat > before


def test_thinking_is_exported_beside_the_reply(claude: Run, exported: Callable[[str], bytes]) -> None:
    with server({1: anthropic_server.thinking("They like bands.", 9)}) as asked:
        claude(asked, "--run", "x", "--concurrency", 1)
    assert exported("x").count(b"They like bands.") == 1


def test_a_busy_endpoint_is_asked_again_by_us_alone(claude: Run) -> None:
    busy = anthropic_server.status(429, "slow down", headers={"retry-after": "0.01"})
    with server({2: busy, 3: busy}) as asked:
        run = claude(asked, "--run", "x", "--concurrency", 1, "--sessions", 1)
    assert (run.json["completed"], run.json["llm"]["retries"]) == (1, 2)
    assert asked.counters.chat == run.json["llm"]["calls"] + 2


def test_a_budget_is_kept(claude: Run, anthropic: FakeAnthropicServer) -> None:
    run = claude(anthropic, "--run", "x", "--budget-usd", "0.02", "--max-tokens", 100, "--concurrency", 1)
    assert {request["max_tokens"] for request in anthropic.requests} == {100}
    assert 0 < run.json["llm"]["cost_usd"] <= 0.02
    assert run.code == 1


def test_a_wrong_key_is_one_line_that_names_its_variable(claude: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-wrong-0987654321")
    with server() as asked:
        run = claude(asked, "--run", "x", "--concurrency", 1)
    assert (run.code, asked.counters.chat) == (2, 1)
    assert run.err.splitlines()[-1].startswith(
        "afl: langchain:anthropic:claude-opus-5: the endpoint refuses the key"
    )
    assert "check ANTHROPIC_API_KEY" in run.err
    assert "sk-ant-wrong" not in run.err


def test_no_output_holds_the_key(claude: Run, afl: Afl, tmp_path: Path, small: Path) -> None:
    with server({2: anthropic_server.stopped("end_turn", f"You sent {KEY}")}) as asked:
        run = claude(asked, "--run", "x", "--concurrency", 1)
    shown = [
        run,
        afl("inspect", "x", "--prompts"),
        afl("runs", "--json"),
        afl("export", "x", "--out", tmp_path / "x"),
    ]
    assert all(KEY not in each.out + each.err for each in shown)
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert all(KEY.encode() not in file.read_bytes() for file in small.rglob("*") if file.is_file())


def test_options_of_the_model_are_sent_and_are_part_of_the_identity(
    claude: Run, afl: Afl, anthropic: FakeAnthropicServer
) -> None:
    options = ["--temperature", "none", "--top-p", 0.9, "--max-tokens", 77, "--llm-option", "top_k=5"]
    assert claude(anthropic, "--run", "x", *options).code == 0
    request = anthropic.requests[-1]
    assert (request["top_p"], request["max_tokens"], request["top_k"]) == (0.9, 77, 5)
    assert "temperature" not in request
    (run,) = afl("runs", "--json").json["runs"]
    assert run["config"]["llm_parameters"] == {"top_p": 0.9, "max_tokens": 77, "top_k": 5}


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--llm-seed", 1], "langchain:anthropic takes no seed; it takes: temperature, top_p,"),
        (["--reasoning-effort", "minimal"], "reasoning_effort: Input should be 'max'"),
        (["--api-key-env", "NOT_THERE"], "no key in NOT_THERE: set it"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_the_run(
    option: list[object], told: str, claude: Run, anthropic: FakeAnthropicServer
) -> None:
    run = claude(anthropic, "--run", "x", *option)
    assert (run.code, anthropic.counters.chat) == (2, 0)
    assert told in run.complaint


def test_each_agent_can_have_a_model_of_another_provider(
    claude: Run, anthropic: FakeAnthropicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-user-agent")
    with running_server(authorization="Bearer sk-of-the-user-agent") as other:
        user = ["--user-llm", "langchain:openai:gpt-4o-mini", "--user-base-url", other.url]
        run = claude(anthropic, "--run", "x", *user)
    assert (run.code, run.json["completed"]) == (0, 3)
    assert anthropic.counters.chat + other.counters.chat == run.json["llm"]["calls"]
    assert all("Decision:" not in request["messages"][-1]["content"] for request in anthropic.requests)
    assert all("Decision:" in request["messages"][-1]["content"] for request in other.requests)


def test_the_address_of_one_provider_is_not_that_of_another() -> None:
    options = LanguageModelOptions(llm="langchain:anthropic:m", user_llm="langchain:groq:m")
    specs = model_specs(options, EndpointOptions(base_url="http://127.0.0.1:1"))
    assert (specs.recommendation.base_url, specs.user.base_url) == ("http://127.0.0.1:1", None)


def test_an_estimate_knows_its_price(claude: Run, afl: Afl, anthropic: FakeAnthropicServer) -> None:
    fixed = "estimate --dataset small --split all --recommender none --reward none --json"
    llm = ["--llm", "langchain:anthropic:claude-opus-5", "--base-url", anthropic.url]
    estimated = afl(*fixed.split(), *llm)
    assert estimated.code == 0
    assert 0 < estimated.json["cost_usd"]["least"] < estimated.json["cost_usd"]["most"]
    assert anthropic.counters.chat == 0


def test_help_doctor_and_reading_commands_do_without_langchain_and_its_providers(
    claude: Run, anthropic: FakeAnthropicServer
) -> None:
    claude(anthropic, "--run", "x")
    program = (
        "import sys; from simulations.cli.main import run\n"
        "codes = [run(words.split()) for words in ('--help', 'doctor', 'runs', 'inspect x')]\n"
        "loaded = {'langchain.chat_models', 'langchain_anthropic', 'anthropic'} & set(sys.modules)\n"
        "print(codes, sorted(loaded), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "[0, 0, 0, 0] []"
