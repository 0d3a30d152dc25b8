"""`afl report` over every pairing of two models: a figure and a table by the model of each agent."""

from pathlib import Path
from typing import Any

from simulations import report
from tests.simulations.sections.conftest import Record, hits

HEADING = "## Language models of the two agents"


def write(url: str, folder: Path, *runs: str) -> str:
    report(runs, out=folder / "page", db=url)
    return (folder / "page" / "report.md").read_text(encoding="utf-8")


def config(recommendation: str, user: str, *, temperatures: tuple[float, float] = (0.0, 0.0)) -> dict[str, Any]:
    """Of a run whose agents ask these models; of one model for both there are no keys of the user agent's."""
    first, second = ({"temperature": temperature} for temperature in temperatures)
    own = {"llm_name": recommendation, "llm_parameters": first}
    if (recommendation, first) == (user, second):
        return own
    return own | {"user_llm_name": user, "user_llm_parameters": second}


def test_runs_of_every_pairing_are_shown_by_the_model_of_each_agent(
    record: Record, url: str, tmp_path: Path
) -> None:
    for number, (a, b) in enumerate([("m", "m"), ("m", "n"), ("n", "m"), ("n", "n")]):
        record(f"x-{a}-{b}", hits(5 * number), **config(a, b))
    text = write(url, tmp_path, "x-n-m", "x-m-m", "x-m-n", "x-n-n")
    assert HEADING in text
    assert "| recommended by | user agent m | user agent n |" in text
    assert "| n | 0.500 (0.299 to 0.701) | 0.750 (0.531 to 0.888) |" in text
    assert (tmp_path / "page" / "figures" / "pairings.svg").is_file()


def test_models_of_one_name_are_told_apart_by_the_options_in_which_they_differ(
    record: Record, url: str, tmp_path: Path
) -> None:
    for a, b in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)):
        record(f"x-{a}-{b}", hits(5), **config("m", "m", temperatures=(a, b)))
    text = write(url, tmp_path, "x-0.0-0.0", "x-0.0-1.0", "x-1.0-0.0", "x-1.0-1.0")
    assert "user agent m (temperature 0.0) | user agent m (temperature 1.0) |" in text


def test_runs_that_are_no_grid_of_models_have_no_such_section(record: Record, url: str, tmp_path: Path) -> None:
    for a, b in (("m", "m"), ("m", "n"), ("n", "m")):
        record(f"x-{a}-{b}", hits(5), **config(a, b))
    record("x-n-n", hits(5), **config("n", "n"), reward="popularity")
    assert HEADING not in write(url, tmp_path, "x-m-m", "x-m-n", "x-n-m")
    assert HEADING not in write(url, tmp_path, "x-m-m", "x-m-n", "x-n-m", "x-n-n")
