"""Pages about runs of version 0.1: that they are there, not what they say."""

from pathlib import Path

import pytest

from tests.golden.databases import FAILURES, SHARED_GOOD, Golden
from tests.simulations.conftest import Afl
from tests.simulations.golden.conftest import Restore

shown = pytest.mark.parametrize(
    ("golden", "runs"),
    [
        (FAILURES, ["failures", "judged-afl", "judged-agent", "lists", "rankers-shortlist"]),
        (SHARED_GOOD, ["loop", "h"]),
    ],
    ids=["failures", "good"],
)


@shown
def test_a_report_names_the_runs_it_is_about(
    golden: Golden, runs: list[str], restore: Restore, afl: Afl, tmp_path: Path
) -> None:
    restore(golden)
    assert afl("report", *runs, "--out", tmp_path / "report").code == 0
    html, markdown = ((tmp_path / "report" / name).read_text("utf-8") for name in ("report.html", "report.md"))
    assert all(run in html and run in markdown for run in runs)


@shown
def test_the_viewer_has_a_page_for_every_session(
    golden: Golden, runs: list[str], restore: Restore, afl: Afl, tmp_path: Path
) -> None:
    restore(golden)
    assert afl("view", *runs, "--export", tmp_path / "site").code == 0
    inspected = {run: afl("inspect", run, "--json").json["sessions"] for run in runs}
    sessions = {(run, entry["session"]) for run, entries in inspected.items() for entry in entries}
    pages = {(run, page.stem) for run in runs for page in (tmp_path / "site" / "runs" / run).rglob("*.html")}
    assert sessions <= pages


def test_doctor_finds_the_database_in_order(restore: Restore, afl: Afl) -> None:
    restore(FAILURES)
    checks = {check["name"]: check["ok"] for check in afl("doctor", "--json").json["checks"]}
    assert checks["database"] is True
