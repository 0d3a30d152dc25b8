"""`afl report`: what the page says, and that it is the database that says it."""

import random
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from afl.data.dataset_store import DatasetStore
from afl.settings import Settings
from afl.testing.server import FakeServer
from simulations import compare, import_data, report
from tests.simulations.conftest import Afl
from tests.simulations.sections.conftest import TARGET, Record, hits

Page = Callable[..., str]


@pytest.fixture
def page(url: str, tmp_path: Path) -> Page:
    """`page("a", "b")`: the Markdown of a report about these runs."""

    def write(*runs: str) -> str:
        report(runs, out=tmp_path / "report", db=url)
        return (tmp_path / "report" / "report.md").read_text(encoding="utf-8")

    return write


def cells(page: str, first: str) -> list[str]:
    """The row of the first table that begins with this cell."""
    (row, *_) = [line for line in page.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


class Sources(HTMLParser):
    """Whatever a page would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attributes}
        outside = [said.get(name, "#") for name in ("src", "href", "xlink:href", "data", "poster")]
        self.found += [value for value in outside if not value.startswith("#")]
        self.found += [tag] if tag in ("script", "link", "iframe", "object", "img") else []


def test_a_report_has_its_files_and_no_other(record: Record, afl: Afl, url: str, tmp_path: Path) -> None:
    record("a", hits(5))
    found = afl("report", "a", "--out", tmp_path / "r", "--db", url, "--json").json
    assert (found["out"], found["runs"]) == (str(tmp_path / "r"), ["a"])
    there = sorted(path.relative_to(tmp_path / "r").as_posix() for path in (tmp_path / "r").rglob("*.*"))
    assert found["files"] == there
    assert {"report.html", "report.md", "figures/hit-rate.svg", "figures/hit-rate.png"} <= set(there)


def test_the_page_loads_nothing_from_anywhere(record: Record, page: Page, tmp_path: Path) -> None:
    record("a", hits(5))
    page("a")
    sources, html = Sources(), (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    sources.feed(html)
    assert sources.found == []
    assert "@import" not in html
    assert "url(http" not in html


def test_equal_runs_give_equal_bytes(record: Record, url: str, tmp_path: Path) -> None:
    record("a", hits(5))
    record("b", hits(9))
    report(["a", "b"], out=tmp_path / "one", db=url)
    report(["a", "b"], out=tmp_path / "two", db=url)
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


def test_failed_sessions_are_counted_in_both_ways(record: Record, page: Page) -> None:
    record("a", {**hits(5), 0: (None,)})
    assert cells(page("a"), "a")[1:] == [
        "0.2000",
        "0.0807 to 0.4160",
        "20",
        "0.2105 (0.0851 to 0.4333), n = 19",
        "1 (5.0 %)",
    ]


def test_pairs_are_tested_as_compare_tests_them(record: Record, page: Page, url: str) -> None:
    record("x-a", hits(4))
    record("x-b", hits(12))
    found = compare("x-a", "x-b", db=url)
    row = cells(page("x-a", "x-b"), "b − a")
    assert row[:3] == ["b − a", "20", f"+{found.test.difference:.4f}"]
    assert row[4:7] == [str(found.test.won), str(found.test.lost), f"{found.test.p:.3f}"]
    assert row[8] == f"{found.test.detectable:.4f}"


def test_the_base_model_is_an_arm_of_its_own_and_there_once(record: Record, page: Page) -> None:
    record("a", hits(4))
    record("b", hits(12))
    assert cells(page("a", "b"), "sasrec alone")[1:4] == ["0.0000", "0.0000 to 0.1611", "20"]


def test_rounds_count_every_session_with_its_last_recommendation(record: Record, page: Page) -> None:
    record("a", {0: (TARGET,), 1: ("Alien", TARGET), 2: (TARGET, "Alien"), 3: ("Alien",)}, size=4)
    said = page("a").split("## HR@1 by round")[1].split("## ")[0]
    rows = [line.strip("| ").split(" | ") for line in said.splitlines() if line.startswith("| a |")]
    assert [(row[1], row[2], row[5]) for row in rows] == [
        ("1", "0.5000", "2 (50.0 %)"),
        ("2", "0.5000", "4 (100.0 %)"),
    ]


def test_sessions_on_which_arms_differ_are_listed_with_each_arms_item(record: Record, page: Page) -> None:
    record("a", hits(1))
    record("b", hits(2))
    assert cells(page("a", "b"), "s01") == ["s01", "Heat", "Ran", "Alien", "✓ Heat"]


def test_runs_over_other_lists_are_shown_but_not_compared(record: Record, page: Page) -> None:
    record("a", hits(4))
    record("b", hits(12), hash="cafe")
    said = page("a", "b")
    assert "only runs over the same ones are compared" in said
    assert "b − a" not in said


def test_many_runs_have_a_figure_each_to_one_scale(record: Record, url: str, tmp_path: Path) -> None:
    names = [f"x-{number}" for number in range(4)]
    for number, name in enumerate(names):
        record(name, dict.fromkeys(range(4 * number), ("Alien", TARGET)) | {19: ("Alien",)})
    written = report(names, out=tmp_path / "r", db=url)
    assert {f"figures/rounds-{place}.svg" for place in (1, 2, 3, 4)} <= set(written.files)
    assert "# AFL report: 4 runs" in (tmp_path / "r" / "report.md").read_text(encoding="utf-8")


def test_popularity_is_counted_round_by_round_where_the_data_set_is_there(
    record: Record, url: str, home: Path, tmp_path: Path
) -> None:
    # Ten films in falling order of viewers: Film 0 and 1 are the top 20 %, 2 to 4 the middle.
    seen = [f"u{user},Film {film},{film}" for user in range(60) for film in range(10) if user < 60 - 6 * film]
    (tmp_path / "films.csv").write_text("\n".join(["user,item,timestamp", *seen]) + "\n")
    import_data("csv", tmp_path / "films.csv", name="films", domain="movie")
    hash = DatasetStore(Settings().data_dir).load("films").hash
    told = {0: ("Film 9", "Film 0"), 1: ("Film 1",), 2: ("Film 3",), 3: ("Film 8",)}
    record("a", told, size=4, dataset="films", dataset_hash=hash)
    record("b", told, size=4, dataset="films", dataset_hash="another")
    report(["a", "b"], out=tmp_path / "r", db=url)
    said = (tmp_path / "r" / "report.md").read_text(encoding="utf-8").split("## Popularity")[1].split("## ")[0]
    rows = [line.strip("| ").split(" | ") for line in said.splitlines() if " | round " in line]
    assert [(row[0], row[1], *(cell.split(" ")[0] for cell in row[3:])) for row in rows] == [
        ("a", "round 1", "0.2500", "0.2500", "0.5000"),
        ("a", "round 2", "0.5000", "0.2500", "0.2500"),
    ]


def test_an_incomplete_run_says_so(record: Record, page: Page) -> None:
    record("a", hits(3, size=7))
    said = page("a")
    assert "a is incomplete: its numbers are over the 7 sessions recorded so far" in said
    assert cells(said, "a")[3] == "7"


def test_a_run_without_a_single_session_has_a_page(record: Record, page: Page) -> None:
    record("a", {})
    assert "| a | a | 0 of 20 |" in page("a")


def test_only_the_stand_in_is_warned_of(record: Record, page: Page) -> None:
    record("a", hits(3))
    record("b", hits(3), llm_name="offline")
    assert "stand-in" not in page("a")
    assert "> These numbers come from the offline stand-in model" in page("b")


def test_kinds_of_failure_are_named_with_their_rate(record: Record, page: Page) -> None:
    record("a", {**hits(5), 0: (None,), 1: ("Alien", None)})
    said = page("a").split("## Failures")[1]
    assert cells(said, "a") == ["a", "20", "0.1000 (0.0279 to 0.3010)", "2 (10.0 %)"]


NASTY = "\"><img src=x> b]](c) & '"
WILD = "<script>alert(1)</script> | $x_1$ `a` \x00 \ud800 日本 " + "long " * 30


def test_names_mean_nothing_to_html_and_markdown(record: Record, page: Page, tmp_path: Path) -> None:
    record("a", {0: (WILD,), 1: (TARGET,)}, size=2, dataset=WILD)
    record(NASTY, hits(1, size=2), dataset=WILD, rounds=3)
    said, html = page("a", NASTY), (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    sources = Sources()
    sources.feed(html)
    assert sources.found == []
    assert r"\<script\>alert(1)\</script\> \| \$x_1\$ \`a\`" in said


@pytest.mark.parametrize(
    ("runs", "complaint"),
    [(["nowhere"], "no run is called 'nowhere'"), ([], "Missing argument 'RUN...'")],
)
def test_an_impossible_report_is_explained_and_nothing_written(
    runs: list[str], complaint: str, record: Record, afl: Afl, url: str, tmp_path: Path
) -> None:
    record("a", {})
    refused = afl("report", *runs, "--out", tmp_path / "r", "--db", url)
    assert (refused.code, complaint in refused.complaint) == (2, True)
    assert not (tmp_path / "r").exists()


@pytest.fixture
def apart(home: Path, tmp_path: Path) -> None:
    """The data set `apart`: 30 listeners with eight of 300 bands each, hardly one of them twice."""
    draws = random.Random(1)
    heard = {user: draws.sample(range(300), 8) for user in range(30)}
    lines = [f"u{user},Band {band},{time}" for user, bands in heard.items() for time, band in enumerate(bands)]
    (tmp_path / "apart.csv").write_text("\n".join(["user,item,timestamp", *lines]) + "\n")
    import_data("csv", tmp_path / "apart.csv", name="apart", domain="music")


def test_the_user_simulation_is_reported_as_it_is_evaluated(
    afl: Afl, apart: None, server: FakeServer, tmp_path: Path
) -> None:
    task = "evaluate user --dataset apart --items 4 --ratio 1:1 --reward none --recommender none"
    options = ["--arm", "agent", "--arm", "afl", "--llm", "openai:m", "--base-url", server.url]
    found: dict[str, Any] = afl(*task.split(), *options, "--run", "x", "--json").json
    assert afl("report", *found["runs"], "--out", tmp_path / "r").code == 0
    said = (tmp_path / "r" / "report.md").read_text(encoding="utf-8").split("## User simulation")[1]
    (agent, loop) = found["results"]
    rows = [
        [cell.strip() for cell in line.split("|")[2:]] for line in said.splitlines() if line.startswith("| 1:1 ")
    ]
    shown = {row[0]: row[1:] for row in rows[:2]}
    assert shown["agent"][0].startswith(f"{agent['precision']['value']:.3f} ({agent['precision']['ci95'][0]:.3f}")
    assert shown["afl"][1].startswith(f"{loop['recall']['value']:.3f} ({loop['recall']['ci95'][0]:.3f}")
