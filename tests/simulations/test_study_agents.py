"""`afl study agents`: every pairing of two models, out of the exports and of what each endpoint was asked."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from afl.errors import NotFoundError, UsageError
from afl.llm.canned_answers import canned_answer, refusing_answer
from afl.testing.server import FakeServer, running_server
from simulations.analysis.agent_pairings import Pairing, PairingsReport, pairing_tests
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.study_report import ArmTotals, StudyReport
from simulations.document.rendering import markdown
from simulations.options.run_options import RunOptions
from simulations.options.study_models import StudyModel, pair_endpoint, pair_options, study_models
from simulations.sections.agent_pairings import page as pairings_page
from simulations.studies.agents import pairing_names
from tests.simulations.conftest import Afl, Finished
from tests.simulations.test_models_per_agent import fields, is_of_user

N = 5
STUDY = (
    *("study", "agents", "--dataset", "small", "--split", "all", "--sessions", N, "--rounds", 2, "--json"),
    *("--recommender", "none", "--reward", "none", "--llm", "one", "--llm", "two"),
)
PAIRS = ["one-one", "one-two", "two-one", "two-two"]


class Servers(NamedTuple):
    """An endpoint per model: the first accepts about a third of what it is shown, the second nothing."""

    one: FakeServer
    two: FakeServer


@pytest.fixture
def servers(tmp_path: Path, home: Path) -> Iterator[Servers]:
    with running_server(canned_answer) as one, running_server(refusing_answer) as two:
        (tmp_path / "afl.toml").write_text(
            f"""
            [llm.one]
            model = "openai:m"
            base_url = "{one.url}"
            price_prompt = 1000
            price_completion = 2000
            [llm.two]
            model = "openai:n"
            base_url = "{two.url}"
            temperature = 0.7
            """
        )
        yield Servers(one, two)


@pytest.fixture
def study(afl: Afl, servers: Servers, small: Path) -> Callable[..., Finished]:
    """`study("--run", "x")`: both models over five sessions of `small`, as JSON."""
    return lambda *more: afl(*STUDY, *more)


def lines(export: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.decode().splitlines()]


def last_items(export: bytes) -> Mapping[str, bool]:
    """Session -> whether its last recommendation is the target."""
    return {line["session"]: line["hit"] for line in lines(export) if line["role"] == "recommendation"}


def test_each_agent_asks_its_own_model_and_a_model_with_itself_is_the_ordinary_run(
    study: Callable[..., Finished], afl: Afl, servers: Servers, exported: Callable[[str], bytes]
) -> None:
    found = study("--run", "x", "--top-p", 0.9)
    assert (found.code, found.json["models"]) == (0, ["one", "two"])
    assert found.json["runs"] == [f"x-{pair}" for pair in PAIRS]
    for server, model, temperature in zip(servers, "mn", (0.0, 0.7), strict=True):
        assert {request["model"] for request in server.requests} == {model}
        assert all(fields(request) == {"temperature": temperature, "top_p": 0.9} for request in server.requests)
        assert {is_of_user(request) for request in server.requests} == {True, False}
    asked = [server.counters.chat for server in servers]
    for model in ("one", "two"):
        options = ("--llm", model, "--top-p", 0.9, "--run", f"x-{model}-{model}")
        again = afl("simulate", *STUDY[2:-4], *options)
        assert (again.code, again.json["llm"]["calls"]) == (0, 0)
    assert study("--run", "x", "--top-p", 0.9).json == found.json
    assert [server.counters.chat for server in servers] == asked
    runs = {run["name"]: run["config"] for run in afl("runs", "--json").json["runs"]}
    assert [key for key in runs["x-one-one"] if "user_llm" in key] == []
    assert (runs["x-one-two"]["llm_name"], runs["x-one-two"]["user_llm_name"]) == ("openai:m", "openai:n")

    replayed = afl(*STUDY, "--top-p", 0.9, "--replay", "x", "--run", "y")
    assert (replayed.code, [server.counters.chat for server in servers]) == (0, asked)
    assert [exported(f"y-{pair}") for pair in PAIRS] == [exported(f"x-{pair}") for pair in PAIRS]


def test_every_number_is_that_of_the_exports_and_each_model_has_its_own_price(
    study: Callable[..., Finished], exported: Callable[[str], bytes], afl: Afl, tmp_path: Path
) -> None:
    found = study("--run", "x", "--out", tmp_path / "page").json
    results = {(one["recommendation"], one["user"]): one for one in found["results"]}
    assert list(results) == [("one", "one"), ("one", "two"), ("two", "one"), ("two", "two")]
    for (recommendation, user), result in results.items():
        turns = lines(exported(f"x-{recommendation}-{user}"))
        hits = last_items(exported(f"x-{recommendation}-{user}"))
        accepted = {line["session"] for line in turns if line["decision"] == "yes"}
        assert (result["n"], result["hit_rate_at_1"]["value"]) == (N, sum(hits.values()) / N)
        assert (result["accepted"], result["calls_per_session"]) == (len(accepted), len(turns) / N)
        assert result["mean_rounds"] == sum(line["role"] == "recommendation" for line in turns) / N
    costs = {pair: result["cost_usd_per_session"] for pair, result in results.items()}
    assert costs["one", "one"] > costs["one", "two"] > 0
    assert costs["two", "two"] is None
    assert [(test["varied"], test["fixed"], test["a"], test["b"]) for test in found["tests"]] == [
        ("recommendation", "one", "one", "two"),
        ("recommendation", "two", "one", "two"),
        ("user", "one", "one", "two"),
        ("user", "two", "one", "two"),
    ]
    assert (tmp_path / "page" / "figures" / "pairings.svg").is_file()


def test_the_base_model_stands_beside_the_pairings(
    afl: Afl, small: Path, servers: Servers, untrained: None
) -> None:
    command = [*STUDY[:-8], "--llm", "one", "--llm", "offline", "--sessions", 2]
    found = afl(*command, "--run", "x")
    assert [(one.get("base"), one["arm"]) for one in found.json["results"]][:2] == [
        ("sasrec", "base"),
        (None, "one-one"),
    ]
    shown = afl(*[word for word in command if word != "--json"], "--run", "x").out
    assert "sasrec alone" in shown
    assert "offline stand-in model" in shown


def test_options_of_one_agent_alone_are_no_options_of_the_study(afl: Afl, small: Path) -> None:
    refused = afl("study", "agents", "--dataset", "small", "--llm", "offline", "--user-llm", "offline")
    assert (refused.code, "No such option '--user-llm'" in refused.complaint) == (2, True)


@pytest.mark.parametrize(
    ("names", "stated", "message"),
    [
        ([], {}, "--llm: got no model, expected at least two: --llm A --llm B"),
        (["offline"], {}, "--llm: got 'offline' alone, expected at least two"),
        (["offline", "two", "offline"], {}, "--llm: got 'offline' twice, expected each model once"),
        (["one", "openai:m"], {}, "'one' and 'openai:m' are the same model with the same options"),
        (["one", "ones"], {}, "no llm is called 'ones'"),
        (["one", "offline"], {"base_url": "http://x/v1"}, "--base-url: no model here takes it"),
        (["one", "two"], {"api_key_env": "KEY"}, "--api-key-env: no model here takes it"),
        (["one", "openai:k"], {"temperature": "hot"}, "--temperature: got 'hot'"),
    ],
)
def test_what_cannot_be_paired_is_one_line(
    servers: Servers, names: list[str], stated: dict[str, Any], message: str
) -> None:
    with pytest.raises((UsageError, NotFoundError)) as refused:
        study_models(names, stated)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_address_is_for_models_that_have_none_and_a_profile_keeps_its_own_options(servers: Servers) -> None:
    stated = {"base_url": "http://x/v1", "api_key_env": "KEY", "temperature": 0.2, "llm_options": ["top_k=4"]}
    one, two, other, stand_in = study_models(["one", "two", "openai:k", "offline"], stated)
    assert [model.base_url for model in (one, two, other, stand_in)] == [
        servers.one.url,
        servers.two.url,
        "http://x/v1",
        None,
    ]
    assert [model.api_key_env for model in (one, two, other, stand_in)] == [None, None, "KEY", None]
    assert [model.sampling.temperature for model in (one, two, other)] == [0.2, 0.7, 0.2]
    assert dict(two.sampling.extra_body) == {"top_k": 4}
    endpoint = pair_endpoint(other, one)
    assert (endpoint.base_url, endpoint.user_base_url) == ("http://x/v1", servers.one.url)
    assert (endpoint.price, endpoint.user_price) == (None, (1000.0, 2000.0))


def model(name: str, of_profile: Sequence[str] = (), **options: Any) -> StudyModel:
    return StudyModel(name, name, options, frozenset(of_profile))


def options(recommendation: StudyModel, user: StudyModel, **more: Any) -> RunOptions:
    return RunOptions.resolve({"dataset": "d", **pair_options(recommendation, user, **more)})


def test_a_pairing_has_the_configuration_of_the_run_that_one_would_type() -> None:
    plain, warm = model("openai:a", temperature=0.3), model("openai:b", ["temperature"], temperature=0.9)
    typed = {"dataset": "d", "llm": "openai:a", "temperature": 0.3}
    assert options(plain, plain) == RunOptions.resolve(typed)
    assert options(plain, warm) == RunOptions.resolve(
        typed | {"user_llm": "openai:b", "user_llm_options": {"temperature": 0.9}}
    )
    assert options(warm, plain) == RunOptions.resolve(
        {"dataset": "d", "llm": "openai:b", "temperature": 0.9, "user_llm": "openai:a", "user_temperature": 0.3}
    )


def test_each_agent_answers_in_the_form_of_its_own_model() -> None:
    text, json_of_one = model("openai:a"), model("openai:b", ["structured"], structured="json-schema")
    forms = {
        (a.name, b.name): (options(a, b).sampling.structured, options(a, b).user_sampling.structured)
        for a in (text, json_of_one)
        for b in (text, json_of_one)
    }
    off, schema = "off", "json-schema"
    assert list(forms.values()) == [(off, off), (off, schema), (schema, off), (schema, schema)]
    both = [model(name, structured="json-schema") for name in ("openai:a", "openai:b")]
    assert options(*both).user_llm_options is None


def test_under_a_budget_the_longest_reply_is_a_limit_of_cost() -> None:
    long = model("openai:a", ["max_tokens"], max_tokens=9)
    assert options(long, long).max_tokens == 9
    assert options(long, long, has_budget=True).max_tokens is None


@pytest.mark.parametrize(
    ("labels", "first", "second"),
    [
        (["offline", "openai:gpt-4o-mini"], "offline-offline", "offline-openai-gpt-4o-mini"),
        (["gguf:/a b/c d.gguf", "x"], "gguf-c-d.gguf-gguf-c-d.gguf", "gguf-c-d.gguf-x"),
        (["openai:org/m:free", "langchain:groq:m"], None, "openai-m-free-langchain-groq-m"),
    ],
)
def test_names_of_pairings_are_clean(labels: list[str], first: str | None, second: str) -> None:
    names = pairing_names(labels)
    assert names[labels[0], labels[1]] == second
    assert first in (None, names[labels[0], labels[0]])


def test_names_of_pairings_are_distinct_where_those_of_models_are_alike() -> None:
    for labels in (["gguf:/a/m.gguf", "gguf:/b/m.gguf"], ["a", "b-c", "a-b", "c"]):
        names = pairing_names(labels)
        assert len({*names.values()}) == len(labels) ** 2


def pairing(recommendation: str, user: str, hits: Sequence[int]) -> Pairing:
    seed = SeedValues(seed=303, run=f"x-{recommendation}-{user}", values=dict(zip("abcdefgh", hits, strict=True)))
    group = {"recommendation": recommendation, "user": user}
    result = ArmResult(arm=f"{recommendation}-{user}", group=group, rounds=4, seeds=(seed,))
    totals = ArmTotals(result.arm, 40, 8000, 0.0004)
    return Pairing(
        recommendation=recommendation,
        user=user,
        result=result,
        sessions=8,
        rounds=2.5,
        accepted=6,
        totals=totals,
    )


GRID = [
    pairing("a", "a", [1, 1, 1, 1, 0, 0, 0, 0]),
    pairing("a", "b", [1, 1, 1, 1, 1, 1, 0, 0]),
    pairing("b", "a", [0, 0, 0, 0, 0, 0, 0, 0]),
    pairing("b", "b", [0, 0, 0, 0, 0, 0, 0, 1]),
]


def test_a_test_varies_the_model_of_one_agent_while_the_other_keeps_its_own() -> None:
    tests = pairing_tests(GRID)
    assert [(test.group, test.difference) for test in tests] == [
        ({"varied": "recommendation", "fixed": "a"}, -0.5),
        ({"varied": "recommendation", "fixed": "b"}, -0.625),
        ({"varied": "user", "fixed": "a"}, 0.25),
        ({"varied": "user", "fixed": "b"}, 0.125),
    ]
    assert tests[0].p == pytest.approx(2 / 2**4)
    assert tests[0].p_holm == pytest.approx(4 * 2 / 2**4)


def test_three_models_are_nine_pairings_and_eighteen_tests() -> None:
    grid = [pairing(a, b, [0] * 8) for a in "abc" for b in "abc"]
    assert len(pairing_tests(grid)) == 18


def test_the_page_has_a_row_per_pairing_and_names_both_agents_in_the_figure() -> None:
    results = tuple(pairing.result for pairing in GRID)
    study = StudyReport(study="agents", results=results, tests=tuple(pairing_tests(GRID)))
    report = PairingsReport(models=("a", "b"), pairings=tuple(GRID), base=None, study=study)
    page = pairings_page(report)
    text = markdown(page)
    assert "| a | b | 0.7500 | 0.4093 to 0.9285 | 8 | 0 | 6 (75.0 %) | 2.50 | 5.0 | 1,000 | \\$0.000050 |" in text
    (figure,) = page.figures()
    assert "recommendation agent b, user agent a: 0.0000" in figure.alternative
    figure.draw()
