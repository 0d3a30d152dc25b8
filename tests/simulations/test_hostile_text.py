"""Titles, reasons, replies and names that try to command whoever reads them, wherever they are shown."""

import csv
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from afl.llm.canned_answers import canned_answer
from afl.testing.server import running_server
from simulations.commands.data import import_data
from tests.simulations.conftest import Afl

NASTY = (
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31mred",
    "\x1b]8;;http://evil.test\x1b\\click",
    "\u202egnp.exe",
    "\u2066hidden\u2069",
    "bell\x07 back\x08\x08space",
    "[bold red]markup[/bold red] [/nothing]",
    "[link=http://evil.test]x[/link]",
    "<script>alert(1)</script>",
    '" onload="alert(1)',
    "'><img src=x onerror=alert(1)>",
    "</svg><script>alert(2)</script>",
    "]]>--><!-- &lt;b&gt;",
    "a | b ` c ~~d~~",
    "[text](javascript:alert(1)) ![i](http://evil.test/i.png)",
    "http://evil.test www.evil.test",
    "javascript:alert(1)",
    "$\\frac{1}{0}$ $unbalanced",
    "{{ 7 * 7 }} {% raw %}",
    ":smile: %s %(x)s {0}",
)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
RUN = "[/x] \u202e\x1b[31m<b>"


def hostile_answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """A good answer whose reason is hostile."""
    reason, answer = canned_answer(messages).rsplit("\n", 1)
    return f"{reason} {' '.join(NASTY)}\n{answer}"


@pytest.fixture(scope="module")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def _played(_home: Path) -> Iterator[Path]:
    """An AFL_HOME with two runs over hostile titles, hostile reasons, hostile names of runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFL_HOME", str(_home / "home"))
        patch.delenv("AFL_DB", raising=False)
        with (_home / "x.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["user", "item", "timestamp"])
            rows.writerows(
                [f"[/u]<b>|`{user}", f"{NASTY[(user * 7 + time) % 20]} {time}", time]
                for user in range(30)
                for time in range(6)
            )
        import_data("csv", _home / "x.csv", name="nasty", domain="music")
        from simulations import simulate

        fixed: dict[str, Any] = {"dataset": "nasty", "split": "all", "sessions": 6, "candidates": 8}
        models = {"llm": "openai:m", "recommender": "none", "reward": "none"}
        with running_server(hostile_answer) as server:
            simulate(**fixed, **models, base_url=server.url, run=RUN)
            simulate(**fixed, **models, base_url=server.url, run="short", rounds=1)
        yield _home


@pytest.fixture
def home(_played: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFL_HOME", str(_played / "home"))
    monkeypatch.delenv("AFL_DB", raising=False)
    return _played


COMMANDS = [
    ["runs"],
    ["inspect", RUN],
    ["inspect", RUN, "--prompts"],
    ["compare", "short", RUN],
    ["rescore", RUN],
    ["audit", RUN],
    ["data", "info", "nasty"],
    ["inspect", "\x1b[31mno such run\u202e"],
    ["data", "info", "\x1b[31m\u202e"],
    ["simulate", "--dataset", "\x9b31m\x07", "--llm", "offline"],
]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["people", "json"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: ascii(" ".join(arguments[:2])))
def test_nothing_a_terminal_obeys_is_printed(arguments: list[str], as_json: list[str], afl: Afl) -> None:
    done = afl(*arguments, *as_json)
    assert OBEYED.search(done.out + done.err) is None
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("home")
def test_markup_is_shown_as_it_stands(afl: Afl) -> None:
    assert "[/x]" in afl("runs").out
    assert "[bold red]markup" in " ".join(afl("inspect", RUN, "--prompts").out.split())


def test_an_export_is_one_line_a_request_with_all_texts(home: Path, afl: Afl) -> None:
    assert afl("export", RUN, "--out", home / "x.jsonl").code == 0
    text = (home / "x.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert OBEYED.search(text) is None
    assert all(" ".join(NASTY) in line["reply"] for line in lines)


class Page(HTMLParser):
    """Elements and attributes of a page: what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attributes]


@pytest.fixture
def reported(home: Path, afl: Afl, tmp_path: Path) -> Path:
    assert afl("report", "short", RUN, "--out", tmp_path / "r").code == 0
    return tmp_path / "r"


def test_a_page_holds_no_element_that_was_not_put_there(reported: Path) -> None:
    text = (reported / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.tags.isdisjoint({"script", "img", "iframe", "object", "embed", "b", "link", "base", "form"})
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all(value.startswith("#") for name, value in page.attributes if name in ("href", "xlink:href", "src"))
    assert OBEYED.search(text) is None


def test_a_page_forbids_scripts_and_everything_from_elsewhere(reported: Path) -> None:
    page = Page()
    page.feed((reported / "report.html").read_text(encoding="utf-8"))
    (policy,) = [value for name, value in page.attributes if name == "content" and "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "script-src" not in policy


def test_figures_hold_no_element_but_those_of_drawings(reported: Path) -> None:
    drawn = "".join(file.read_text(encoding="utf-8") for file in sorted((reported / "figures").glob("*.svg")))
    page = Page()
    page.feed(drawn)
    assert page.tags.isdisjoint({"script", "img", "foreignobject", "a", "iframe", "b"})
    assert OBEYED.search(drawn) is None


def test_markdown_holds_no_html_link_or_table_cell_that_was_not_put_there(reported: Path) -> None:
    text = (reported / "report.md").read_text(encoding="utf-8")
    bare = re.sub(r"\\.", "", text)
    assert re.findall(r"<\w+|</|`", bare) == []
    assert all(target.startswith("figures/") for target in re.findall(r"\]\(([^)]*)", bare))
    assert "://" not in bare
    rows = [line.count("|") for line in bare.splitlines() if line.startswith("|")]
    heads = [rows[0], *rows]
    assert all(count == before or count > 1 for before, count in zip(heads, rows, strict=False))


def test_whatever_unicode_calls_a_control_is_known_here() -> None:
    controls = {chr(code) for code in range(0x3000) if unicodedata.category(chr(code)) == "Cc"} - {"\t", "\n"}
    assert all(OBEYED.search(control) for control in controls)
