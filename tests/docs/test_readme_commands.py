"""The commands under "Use" in the README work as they are written, for a file of 300 users and the offline model."""

import random
import re
from pathlib import Path

import pytest

from simulations.cli.main import run

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCK = re.compile(r"## Use\n\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDPOINT = re.compile(r"--llm openai:\S+|--base-url \S+")


def commands() -> list[list[str]]:
    """The lines that begin with `afl`, but for the viewer, which runs until Ctrl-C."""
    match = BLOCK.search(README.read_text(encoding="utf-8"))
    assert match is not None
    lines = [line.partition("  #")[0].split() for line in match[1].splitlines()]
    return [line[1:] for line in lines if line[:1] == ["afl"] and line[1] != "view"]


def offline(command: list[str]) -> list[str]:
    """The command with the offline model in place of a language model."""
    text = ENDPOINT.sub(lambda found: "--llm offline" if "--llm" in found[0] else "", " ".join(command))
    return text.split()


def write_ratings(file: Path, *, users: int = 300, items: int = 400) -> None:
    """A table with the columns that the README names."""
    draws = random.Random(0)
    lines = ["user,item,timestamp,title,genre"]
    for user in range(users):
        for time, item in enumerate(draws.sample(range(items), draws.randint(6, 25))):
            lines.append(f"{user},{item},{user * 1000 + time},Film {item},Genre {item % 8}")
    file.write_text("\n".join(lines), encoding="utf-8")


def test_every_command_of_the_readme_works_for_300_users(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_ratings(tmp_path / "ratings.csv")
    codes = {" ".join(command): run(offline(command)) for command in commands()}
    assert len(codes) >= 13
    assert codes == dict.fromkeys(codes, 0)
    assert (tmp_path / "report" / "report.html").is_file()
