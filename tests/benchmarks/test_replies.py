import json

import pytest

from benchmarks.replies import ROOT, SOURCES, VERDICTS, Reading, load_corpus, main, read_beside, verdict


@pytest.mark.parametrize(
    ("right", "outcome", "value", "expected"),
    [
        ("Heat", "ok", "Heat", "right"),
        ("Heat", "ok", "Big", "wrong"),
        ("Heat", "off_list", None, "refused"),
        (None, "ok", "Heat", "guessed"),
        (None, "off_list", None, "misnamed"),
        (None, "unparsed", None, "right"),
    ],
)
def test_a_reading_is_judged_by_its_label(
    right: str | None, outcome: str, value: str | None, expected: str
) -> None:
    label = {"outcome": "ok" if right else "unparsed", "value": right}
    assert verdict(label, Reading(outcome, value, 0.1)) == expected


def test_every_reply_is_counted_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["here"]["counts"]
    assert list(counts) == [*SOURCES, "all"]
    assert counts["all"]["replies"] == sum(counts[source]["replies"] for source in SOURCES) == len(load_corpus())
    assert [row["replies"] for row in counts.values()] == [
        sum(row[one] for one in VERDICTS) for row in counts.values()
    ]


def test_another_checkout_reads_in_a_process_of_its_own() -> None:
    if not (ROOT / ".venv" / "bin" / "python").exists():
        pytest.skip("this checkout has no .venv")
    reply = {"kind": "recommendation", "titles": ["Heat", "Big"], "text": "Reason: so\nItem: Heat"}
    (found,) = read_beside(ROOT, [reply])
    assert (found.outcome, found.value) == ("ok", "Heat")
