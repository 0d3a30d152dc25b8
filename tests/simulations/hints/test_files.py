"""Bases in and out of files, from the command line."""

import json

import pytest

AUTHORS = ["", "Consider user&#39;s era.", "Look abroad."]


@pytest.fixture
def hints(afl, small, tmp_path):
    """`hints("import", FILE, ...)`: a command over the data set `small`."""
    (tmp_path / "hints.json").write_text(json.dumps(AUTHORS))
    return lambda *arguments: afl("hints", *arguments)


@pytest.fixture
def imported(hints, tmp_path):
    said = ("--name", "films", "--dataset", "small", "--llm", "offline", "--json")
    return hints("import", tmp_path / "hints.json", *said)


def test_the_authors_list_is_numbered_from_its_first_words(imported):
    taken = imported.json["hints"]
    assert [(one["number"], one["text"]) for one in taken] == [(1, "Consider user's era."), (2, "Look abroad.")]
    assert taken[0]["source"] == "hints.json"


def test_an_exported_base_comes_back_as_it_was(imported, hints, tmp_path):
    hints("edit", "films", "--number", 1, "--remove")
    exported = hints("export", "films", "--out", tmp_path / "films.json", "--json").json
    again = hints("import", tmp_path / "films.json", "--name", "again", "--json").json
    assert again["hints"] == exported["hints"] == [{**imported.json["hints"][1], "number": 1}]
    assert [one["why"] for one in again["not_taken"]] == ["removed by hand"]


def test_bases_are_listed(imported, hints):
    (line,) = hints("list", "--json").json["bases"]
    assert (line["name"], line["dataset"], line["hints"]) == ("films", "small", 2)


def test_a_base_is_shown_to_people(imported, hints):
    shown = hints("show", "films").out
    assert "Look abroad." in shown
    assert "hints.json" in shown


def test_removed_hints_are_shown_on_request(imported, hints):
    hints("edit", "films", "--number", 2, "--text", "Look to Asia.")
    assert "Look abroad." not in hints("show", "films").out
    assert "reworded by hand" in hints("show", "films", "--all").out


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ('["a", 7]', "expected a list of strings"),
        ('{"hints": []}', "expected a list of hints, or what `afl hints export` writes"),
        ("nothing", "expected JSON"),
        ('[""]', "got no hint"),
        ('["Look.", "Look."]', "occurs twice"),
        ('{"format": "afl-hints", "version": 1, "hints": []}', "'not_taken' is missing"),
        ('{"format": "afl-hints", "version": 9}', "got version 9"),
    ],
)
def test_a_file_without_hints_is_reported_in_one_line(hints, tmp_path, written, complaint):
    (tmp_path / "bad.json").write_text(written)
    finished = hints("import", tmp_path / "bad.json", "--name", "x", "--dataset", "small", "--llm", "offline")
    assert finished.code == 2
    assert complaint in finished.complaint


def test_a_list_of_hints_has_to_say_what_it_is_for(hints, tmp_path):
    finished = hints("import", tmp_path / "hints.json", "--name", "x", "--llm", "offline")
    assert "--dataset is missing" in finished.complaint


def test_hints_for_a_data_set_that_is_not_there_are_refused(hints, tmp_path):
    said = ("--name", "x", "--dataset", "smal", "--llm", "offline")
    assert "no data set is called 'smal'" in hints("import", tmp_path / "hints.json", *said).complaint


def test_an_edit_that_says_nothing_is_refused(imported, hints):
    assert "expected --text to add a hint" in hints("edit", "films", "--number", 1).complaint
