"""The examples run as they stand, each in a process and a home of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(example: str, folder: Path) -> str:
    """What the example prints."""
    unwanted = ("AFL_DB", "OPENAI_API_KEY")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    # One thread: the models are small, and tests run side by side.
    settings = {
        "AFL_HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / example],
        cwd=folder,
        env=environment | settings,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_on_demo_ends_with_hit_rates_and_a_dialogue(tmp_path):
    printed = run("01_run_on_demo.py", tmp_path)
    assert "30 sessions, 0 failed" in printed
    assert "SASRec alone" in printed
    assert "round 4" in printed
    assert "user agent: " in printed


def test_a_table_of_your_own_is_imported_and_simulated(tmp_path):
    printed = run("02_your_own_csv.py", tmp_path)
    assert "my-films: " in printed
    assert "of 20 sessions" in printed


def test_a_tool_of_your_own_takes_part_in_the_loop(tmp_path):
    printed = run("03_your_own_tool.py", tmp_path)
    assert "no tool: hit rate at 1 " in printed
    assert "favourite-director: hit rate at 1 " in printed
