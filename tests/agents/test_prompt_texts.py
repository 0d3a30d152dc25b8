"""The table of prompt texts, and files of a user's own in their place."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.data.domains import get_domain
from afl.errors import UsageError
from afl.prompt_headings import HEADINGS
from agents import Prompts
from agents.prompts.texts import BUILTIN_HEADINGS, BY_NAME, DOMAIN_FIELDS, OTHER_FIELDS, TEXTS

NAMES = [text.name for text in TEXTS]
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """`folder(name=text)`: a folder of files; dots of names are written as double underscores."""

    def write(**texts: str | bytes) -> Path:
        for name, text in texts.items():
            content = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"{name.replace('__', '.')}.txt").write_bytes(content)
        return tmp_path

    return write


def sent_or_refused(name: str, text: str) -> str:
    try:
        prompts = Prompts.replacing({name: text})
    except UsageError as error:
        return str(error)
    assert prompts.fill(name, get_domain("item"), problem="p", count="5", entries="1.")
    return "sent"


def test_the_table_has_every_text_once_and_nothing_else() -> None:
    assert sorted(NAMES) == sorted(Prompts.load().texts)


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_text_has_no_field_but_those_of_its_row(name: str) -> None:
    assert Prompts.replacing({name: Prompts.load().texts[name]}) == Prompts.load()


@pytest.mark.parametrize("name", NAMES)
def test_any_other_text_of_this_name_is_what_agents_send(name: str) -> None:
    prompts = Prompts.replacing({name: "A costs $$5, {b} %s"})
    fields = dict.fromkeys(BY_NAME[name].own_fields, "x")
    sent = getattr(prompts.headings, name.removeprefix("heading."), None)
    assert (sent or prompts.fill(name, get_domain("movie"), **fields)) == "A costs $5, {b} %s"


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_a_text_does_not_have_is_refused(name: str) -> None:
    fields = {*DOMAIN_FIELDS, *OTHER_FIELDS, "target", "Item"}
    answers = {field: sent_or_refused(name, f"so ${field}.") for field in fields}
    assert {field for field in fields if answers[field] == "sent"} == {*BY_NAME[name].fields}
    refused = fields - {*BY_NAME[name].fields}
    assert all(f"prompt {name}: got ${field}, expected " in answers[field] for field in refused)


def test_a_field_of_another_text_is_named_with_it() -> None:
    expected = r"user\.system: got \$problem, expected only .*\$verb \(a field of repair only\)"
    with pytest.raises(UsageError, match=expected):
        Prompts.replacing({"user.system": "You got $problem."})


def test_the_most_similar_field_is_suggested() -> None:
    with pytest.raises(UsageError, match=r"got \$itms, expected only .*; did you mean \$items\?"):
        Prompts.replacing({"user.system": "The $itms."})


def test_the_most_similar_name_is_suggested(folder: Folder) -> None:
    with pytest.raises(UsageError, match=r"got prompt user\.sytem\.txt; did you mean user\.system\.txt\?"):
        Prompts.load(folder(user__sytem="x"))


@pytest.mark.parametrize("name", ["User.System.TXT", "user.system.TXT"])
def test_a_name_in_other_letters_is_no_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=rf"got prompt {name}"):
        Prompts.load(tmp_path)


def test_other_files_are_ignored(folder: Folder) -> None:
    where = folder(repair="No: $problem")
    (where / "README.md").write_text("$target", encoding="utf-8")
    (where / "._repair.txt").write_bytes(b"\xff")
    (where / "old").mkdir()
    assert Prompts.load(where).replaced == {"repair": "No: $problem"}


def test_a_folder_without_a_prompt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"got no prompt file, expected some, for example user\.system\.txt"):
        Prompts.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (b"\xff\xfe", "got bytes that are not UTF-8 at 0"),
        (b" \n ", "got no text"),
        (b"a\x00b", r"got the control character '\\x00'"),
    ],
)
def test_what_cannot_be_sent_is_refused(folder: Folder, text: bytes, got: str) -> None:
    with pytest.raises(UsageError, match=rf"user\.system\.txt: {got}"):
        Prompts.load(folder(user__system=text))


def test_a_folder_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "repair.txt").mkdir()
    with pytest.raises(UsageError, match=r"repair\.txt: got a folder, expected a text file"):
        Prompts.load(tmp_path)


def test_line_ends_and_a_byte_order_mark_of_other_editors_make_no_difference(folder: Folder) -> None:
    builtin = Prompts.load().texts["user.system"]
    assert (
        Prompts.load(folder(user__system=b"\xef\xbb\xbf" + builtin.replace("\n", "\r\n").encode())).replaced == {}
    )


@pytest.mark.parametrize(
    ("texts", "got"),
    [
        ({"heading.history": "Seen:\nso far"}, "expected a heading of one line"),
        ({"heading.history": "1. History"}, "expected a heading that does not begin like an entry"),
        ({"heading.history": "- History"}, "expected a heading that does not begin like an entry"),
        ({"heading.history": "Candidates:"}, r"expected another heading than heading\.candidates"),
        ({"heading.recommendation": "Refused"}, r"expected another heading than heading\.refused"),
        ({"heading.refused": "Offer so far:", "heading.recommendation": "Offer"}, "expected another heading than"),
    ],
)
def test_headings_that_could_be_mistaken_are_refused(texts: Mapping[str, str], got: str) -> None:
    with pytest.raises(UsageError, match=got):
        Prompts.replacing(texts)


def test_headings_may_change_places() -> None:
    texts = {"heading.history": "Candidates:", "heading.candidates": "History, oldest first:"}
    assert Prompts.replacing(texts).headings.history == "Candidates:"


def test_built_in_headings_add_nothing_to_the_hash_and_others_do() -> None:
    hashes = {Prompts.replacing({name: "Others:"}).hash() for name in BUILTIN_HEADINGS}
    assert len(hashes | {Prompts.load().hash()}) == len(BUILTIN_HEADINGS) + 1
    assert Prompts.load().headings == HEADINGS


def test_a_byte_that_the_hash_of_built_in_texts_overlooks_counts_in_others() -> None:
    past, past_tense = (
        Prompts.replacing({"user.system": f"You ${field} it."}) for field in ("past", "past_tense")
    )
    assert past.hash() != past_tense.hash()


@given(text=st.text(min_size=1, max_size=80), name=st.sampled_from(NAMES))
def test_any_text_is_refused_in_one_line_or_sent(text: str, name: str) -> None:
    assert len(sent_or_refused(name, text).splitlines()) == 1


def test_every_field_is_explained() -> None:
    fields = {field for text in TEXTS for field in text.fields}
    assert fields == {*DOMAIN_FIELDS, *OTHER_FIELDS}
