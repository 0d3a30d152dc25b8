"""The hints that the authors of Re2LLM publish, over their movie sessions: heard like anybody's."""

import html
import json
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from afl.data.dataset import Split
from afl.data.importers import ImportOptions
from afl.data.importers.re2llm import import_re2llm
from afl.data.sessions import session_rows
from afl.llm.language_model import LanguageModelContext, LanguageModelSpec
from afl.llm.offline import offline_model
from afl.settings import Settings

FORMAT = "List the 10 best, the most likely first.\n\nAnswer with your list:\nReason: <why>\nItems:\n1. <title>"


@pytest.fixture
def lists(shared_data: Path) -> dict[str, str]:
    """Hint -> the list for a test session with it; "" is no hint."""
    folder = shared_data / "re2llm" / "movie"
    dataset = import_re2llm(folder, ImportOptions("movies"))
    chat = offline_model(
        LanguageModelContext(LanguageModelSpec("offline"), dataset, Settings(_env_file=None))
    ).chat
    row = session_rows(dataset, Split.TEST)[0]
    titles = dataset.catalogue.titles
    history = "\n".join(f"{at}. {titles[item]}" for at, item in enumerate(row.history, start=1))
    shown = "\n".join(f"{at}. {titles[item]}" for at, item in enumerate(row.candidates, start=1))

    def listed(hint: str) -> str:
        advice = f"Advice:\n- Hint: {hint}\n\n" if hint else ""
        request = f"History, oldest first:\n{history}\n\nCandidates:\n{shown}\n\n{advice}{FORMAT}"
        return str(chat.invoke([HumanMessage(request)]).text).partition("Items:\n")[2]

    hints = json.loads((folder / "hints.json").read_text(encoding="utf-8"))
    return {hint: listed(html.unescape(hint)) for hint in hints}


def test_most_of_them_change_its_list_and_none_breaks_it(lists: dict[str, str]) -> None:
    changed = [hint for hint, given in lists.items() if given != lists[""]]
    assert (len(lists), len(changed)) == (21, 15)
    assert {given.count("\n") for given in lists.values()} == {9}
    assert not any("cinematography" in hint for hint in changed), "no attribute tells of it"
