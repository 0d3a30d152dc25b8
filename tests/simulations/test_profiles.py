"""Profiles of language models in `afl.toml`: what they stand for, where they are looked for, what is refused."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from afl.errors import AFLError, NotFoundError, UsageError
from afl.llm.profiles import Profiles
from afl.settings import Settings
from afl.testing.server import running_server
from simulations.options.profile_options import resolve_profiles
from tests.simulations.conftest import Afl
from tests.simulations.test_models_per_agent import fields, is_of_user

SMALL = (
    *("simulate", "--dataset", "small", "--split", "all", "--sessions", 2, "--json"),
    *("--recommender", "none", "--reward", "none"),
)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes the `afl.toml` of the working folder."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        path = tmp_path / "afl.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def configuration(afl: Afl, name: str) -> Mapping[str, Any]:
    (run,) = [run for run in afl("runs", "--json").json["runs"] if run["name"] == name]
    return run["config"]


def test_a_profile_is_the_options_that_it_stands_for(
    afl: Afl, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_KEY", "sk-local")
    with running_server(authorization="Bearer sk-local") as server:
        (tmp_path / "models.toml").write_text(
            f"""
            [llm.local]
            model = "openai:m"
            base_url = "{server.url}"
            api_key_env = "LOCAL_KEY"
            temperature = 0.7
            top_p = 0.9
            extra_body = {{top_k = 40, min_p = 0.1}}
            price_prompt = 1000
            price_completion = 2000
            """
        )
        by_name = afl(*SMALL, "--llm", "local", "--config", tmp_path / "models.toml", "--run", "x")
        assert (by_name.code, by_name.err.count("sk-local")) == (0, 0)
        assert by_name.json["llm"]["cost_usd"] > 0
        typed = (
            *("--llm", "openai:m", "--base-url", server.url, "--api-key-env", "LOCAL_KEY"),
            *("--temperature", 0.7, "--top-p", 0.9, "--llm-option", "min_p=0.1", "--llm-option", "top_k=40"),
        )
        again = afl(*SMALL, *typed, "--run", "x")
        assert (again.code, again.json["llm"]["calls"]) == (0, 0)
    sent = {"temperature": 0.7, "top_p": 0.9, "top_k": 40, "min_p": 0.1}
    assert all(fields(request) == sent for request in server.requests)
    config = configuration(afl, "x")
    assert (config["llm_name"], config["llm_parameters"]) == ("openai:m", sent)
    assert not [value for value in ("local", "LOCAL_KEY", server.url) if value in str(config)]


def test_a_profile_may_be_that_of_the_user_agent_alone(afl: Afl, small: Path, tmp_path: Path) -> None:
    with running_server() as first, running_server() as second:
        (tmp_path / "models.toml").write_text(
            f"""
            [llm.a]
            model = "openai:a"
            base_url = "{first.url}"
            top_p = 0.9
            [llm.b]
            model = "openai:b"
            base_url = "{second.url}"
            llm_seed = 3
            """
        )
        options = ("--llm", "a", "--user-llm", "b", "--config", tmp_path / "models.toml", "--run", "x")
        assert afl(*SMALL, *options).code == 0
        assert afl(*SMALL, *options).json["llm"]["calls"] == 0
    assert all(fields(request) == {"temperature": 0.0, "top_p": 0.9} for request in first.requests)
    assert all(fields(request) == {"temperature": 0.0, "seed": 3} for request in second.requests)
    assert not any(map(is_of_user, first.requests))
    assert second.requests
    assert all(map(is_of_user, second.requests))
    assert afl("simulate", "--replay", "x", "--run", "y", "--json").code == 0


def test_options_that_are_typed_win(home: Path, write: Callable[[str], Path]) -> None:
    write(
        '[llm.a]\nmodel = "openai:m"\nbase_url = "http://a/v1"\ntemperature = 0.7\nextra_body = {x = 1, y = 1}\n'
    )
    typed = {"llm": "a", "temperature": "0", "llm_options": ["x=2"], "run": "r"}
    resolved = resolve_profiles(typed)
    assert resolved == {
        "llm": "openai:m",
        "temperature": "0",
        "llm_options": {"x": 2, "y": 1},
        "base_url": "http://a/v1",
        "run": "r",
    }
    assert resolve_profiles(resolved) == resolved


def test_another_address_than_the_profiles_gets_not_its_key(home: Path, write: Callable[[str], Path]) -> None:
    write('[llm.a]\nmodel = "openai:m"\nbase_url = "http://a/v1"\napi_key_env = "A_KEY"\n')
    typed = {"llm": "a", "base_url": "http://b/v1"}
    assert resolve_profiles(typed) == {"llm": "openai:m", "base_url": "http://b/v1"}
    with_user = resolve_profiles({"llm": "openai:n", "base_url": "http://n/v1", "user_llm": "a"})
    assert (with_user["user_base_url"], with_user["user_api_key_env"]) == ("http://a/v1", "A_KEY")
    other = resolve_profiles({"llm": "a", "user_llm": "openai:n"})
    assert other["user_base_url"] == ""  # not the profile's


def test_the_file_of_the_working_folder_comes_before_that_of_the_home(
    home: Path, write: Callable[[str], Path], tmp_path: Path
) -> None:
    assert Profiles.load(None, Settings()) == Profiles()
    home.mkdir(parents=True, exist_ok=True)
    (home / "afl.toml").write_text('[llm.h]\nmodel = "offline"\n')
    assert {*Profiles.load(None, Settings()).by_name} == {"h"}
    write('[llm.w]\nmodel = "offline"\n')
    assert {*Profiles.load(None, Settings()).by_name} == {"w"}
    (tmp_path / "other.toml").write_text('[llm.o]\nmodel = "offline"\n')
    assert {*Profiles.load("other.toml", Settings()).by_name} == {"o"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[llm.a]\nmodel = "openai:m"\ntemprature = 1',
            r"\[llm.a\] has no key 'temprature'; did you mean 'temperature'",
        ),
        (
            '[llm.a]\nmodel = "openai:m"\napi_key = "sk-secret"',
            r"has no key 'api_key'; did you mean 'api_key_env'",
        ),
        ('[lmm.a]\nmodel = "openai:m"', "there is no table 'lmm'; available: llm"),
        ("[llm.a]\ntop_p = 0.5", r"\[llm.a\] model: expected the language model, such as openai:gpt-4o-mini"),
        ('[llm.a]\nmodel = "openai:m"\ntop_p = 2', r"\[llm.a\] top-p: got 2.0, expected a number from 0 to 1"),
        (
            '[llm.a]\nmodel = "openai:m"\ntemperature = "hot"',
            r"\[llm.a\] temperature: got 'hot', expected a number",
        ),
        (
            '[llm.a]\nmodel = "openai:m"\nmax_tokens = "9"',
            r"\[llm.a\] max_tokens: Input should be a valid integer",
        ),
        ('[llm.a]\nmodel = "openai:m"\nbase_url = "http://[::1"', r"\[llm.a\] base_url: expected something like"),
        ('[llm.a]\nmodel = "openai:m"\nprice_prompt = 1', r"expected price_prompt and price_completion together"),
        ('[llm.a]\nmodel = "openai:m"\nprice_prompt = -1\nprice_completion = 1', r"price_prompt: Input should be"),
        ('[llm.a]\nmodel = "openai:m"\nextra_body = {model = 1}', "'model' is set by AFL itself"),
        ('[llm.a]\nmodel = "gpt-4o-mini"', "model: no llm is called 'gpt-4o-mini'; .*openai:gpt-4o-mini"),
        ('[llm.offline]\nmodel = "openai:m"', r"\[llm.offline\] is the name of a plug-in"),
        ('[llm."a:b"]\nmodel = "openai:m"', "expected a name of letters, digits"),
        ('[llm.a]\nmodel = "openai:m', "Illegal character|Unterminated string"),
        ("llm = 3", "should be a valid dictionary"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_it(
    home: Path, write: Callable[[str], Path], text: str, message: str
) -> None:
    path = write(text)
    with pytest.raises(UsageError, match=message) as refused:
        Profiles.load(None, Settings())
    assert str(refused.value).startswith(path.name)
    assert "\n" not in str(refused.value)
    assert "sk-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"llm": "fsat"}, "no llm is called 'fsat'; available: answers, .*fast"),
        ({"llm": "gpt-4o"}, "no llm is called 'gpt-4o'; available: .*; .*: openai:gpt-4o$"),
        ({"llm": "offline", "config": "missing.toml"}, "--config: missing.toml does not exist"),
    ],
)
def test_a_name_or_file_that_does_not_exist_is_refused(
    home: Path, write: Callable[[str], Path], typed: dict[str, Any], message: str
) -> None:
    write('[llm.fast]\nmodel = "openai:m"\n')
    with pytest.raises(NotFoundError, match=message):
        resolve_profiles(typed)


def test_a_broken_file_does_not_matter_where_no_profile_is_named(home: Path, write: Callable[[str], Path]) -> None:
    write("[llm")
    assert resolve_profiles({"llm": "offline"}) == {"llm": "offline"}
    with pytest.raises(AFLError):
        resolve_profiles({"llm": "mine"})


def test_prices_of_a_profile_bound_a_budget_in_dollars(afl: Afl, small: Path, tmp_path: Path) -> None:
    with running_server() as server:
        (tmp_path / "models.toml").write_text(
            f'[llm.a]\nmodel = "openai:m"\nbase_url = "{server.url}"\nprice_prompt = 1\nprice_completion = 2\n'
        )
        options = ("--llm", "a", "--config", tmp_path / "models.toml", "--budget-usd", 5)
        assert afl(*SMALL, *options).json["budget"]["spent_usd"] > 0
        unpriced = afl(*SMALL, "--llm", "openai:m", "--base-url", server.url, "--budget-usd", 5)
    assert "the price of openai:m at 127.0.0.1:" in unpriced.err
