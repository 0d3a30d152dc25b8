"""`afl reproduce`: rows, verdicts, claims, and a page."""

from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from afl.data.dataset_store import DatasetStore
from afl.data.judged_items import JudgedItems, Ratio
from afl.metrics.intervals import wilson
from afl.models import checkpoints
from afl.models.checkpoints import Checkpoint, Identity
from afl.models.sasrec import SASRec
from afl.models.trainer import TrainingConfig, TrainingResult
from afl.settings import Settings
from simulations.analysis.user_simulation import Answers, by_ratio
from simulations.commands.data import import_data
from simulations.reproduction.comparison import Comparability, Target, compare_with_paper
from simulations.reproduction.manifest import Manifest, published_data
from simulations.reproduction.reproduce import comparability_of
from simulations.reproduction.study_outcomes import Measured, StudyOutcome, as_published, study_runners
from simulations.task.training_data import RECOMMENDER_SEED, REWARD_SEED
from tests.simulations.conftest import Afl

REAL, OFFLINE = Comparability(offline=False), Comparability(offline=True)
N = 122


def measured(hits: int, **key: Any) -> Measured:
    values = np.array([1.0] * hits + [0.0] * (N - hits))
    return Measured(key={"metric": "hit_rate_at_1", **key}, estimate=wilson(hits, N), values=values)


def table4(comparability: Comparability, **hits: int) -> Target:
    arms = [measured(count, study="recommendation", base="sasrec", arm=arm) for arm, count in hits.items()]
    return compare_with_paper(
        Manifest.of("table4", "lastfm"), {"recommendation": StudyOutcome(tuple(arms), ("r",))}, comparability
    )


def test_each_row_gets_a_verdict_from_its_own_numbers() -> None:
    found = table4(REAL, base=35, agent=80, afl=46)
    assert [row.verdict.value for row in found.rows[:4]] == [
        "consistent",
        "not consistent",
        "consistent",
        "not built",
    ]
    assert Counter(row.verdict for row in found.rows)["not built"] == 18


def test_with_the_offline_model_only_rows_without_a_language_model_are_compared() -> None:
    found = table4(OFFLINE, base=35, agent=80, afl=46)
    assert [row.verdict for row in found.rows[:3]] == [
        "consistent",
        "not comparable: offline model",
        "not comparable: offline model",
    ]
    assert [row.difference is None for row in found.rows[:3]] == [False, True, True]


def test_results_on_other_data_are_not_compared() -> None:
    found = table4(Comparability(offline=False, other_data=frozenset({"recommendation"})), base=35)
    assert found.rows[0].verdict == "not comparable: other data"


def of_the_llm(llm: str) -> dict[str, str]:
    comparability = Comparability(offline=llm == "offline", llm=llm)
    arm = measured(44, study="recommendation", base="llm", arm="base")
    found = compare_with_paper(
        Manifest.of("table4", "lastfm"), {"recommendation": StudyOutcome((arm,), ("r",))}, comparability
    )
    return {row.row.row: row.verdict.value for row in found.rows if row.row.column == "Base Model"}


@pytest.mark.parametrize(
    ("llm", "gpt", "llama"),
    [
        ("openai:gpt-4o-mini-2024-07-18", "consistent", "not comparable: another language model"),
        ("openai:meta-llama/Meta-Llama-3-8B-Instruct", "not comparable: another language model", "not consistent"),
        ("openai:qwen3", "not comparable: another language model", "not comparable: another language model"),
        ("offline", "not comparable: offline model", "not comparable: offline model"),
    ],
)
def test_a_row_about_a_language_model_is_compared_only_with_results_of_that_model(
    llm: str, gpt: str, llama: str
) -> None:
    found = of_the_llm(llm)
    assert (found["GPT-4o-mini"], found["Llama3-8B"], found["LLaRA"]) == (gpt, llama, "not built")


def rounds(*hits: int) -> dict[str, StudyOutcome]:
    words = ["1 round", "2 rounds", "3 rounds", "4 rounds"]
    arms = [measured(count, study="rounds", arm=arm) for arm, count in zip(words, hits, strict=True)]
    return {"rounds": StudyOutcome(tuple(arms), ("r",))}


def test_claims_are_checked_per_user_and_missing_arms_are_not_implemented() -> None:
    found = compare_with_paper(Manifest.of("figure4", "lastfm"), rounds(30, 60, 61, 62), REAL)
    assert [claim.to_json()["verdict"] for claim in found.claims] == ["holds", "holds", *["not built"] * 4]
    assert found.claims[0].to_json()["ours"]["value"] == pytest.approx(32 / N)
    falling = compare_with_paper(Manifest.of("figure4", "lastfm"), rounds(62, 61, 60, 30), OFFLINE).claims[0]
    assert (falling.holds, falling.verdict) == ("does not hold", "not comparable: offline model")


def test_points_of_a_figure_have_no_published_number() -> None:
    found = compare_with_paper(Manifest.of("figure4", "lastfm"), rounds(30, 60, 61, 62), REAL)
    assert [row.verdict for row in found.rows[:5]] == [*["no published number"] * 4, "not built"]


def test_precision_and_f1_are_counted_as_the_published_code_does() -> None:
    # Three users, two wanted items of four: one finds one with two yes, one finds both, one never says yes.
    yes = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=bool)
    answers = Answers(yes, np.zeros_like(yes))
    judged = JudgedItems(np.zeros((3, 4), np.int32), 2)
    (arm,) = by_ratio("afl", judged, [Ratio(2, 2)], users="abc", seeds=[(303, "r", answers)])
    precision, recall, f1 = as_published(arm, {"study": "user"})
    assert precision.estimate.value == pytest.approx((0.5 + 1) / 2)
    assert recall.estimate.value == pytest.approx((0.5 + 1 + 0) / 3)
    assert f1.estimate.value == pytest.approx(2 * 0.75 * 0.5 / (0.75 + 0.5))
    assert precision.values.tolist() == [0.5, 1, 0]


def test_every_study_of_the_manifests_has_a_runner() -> None:
    assert {
        "recommendation",
        "user",
        "user_rounds",
        "rounds",
        "rankers",
        "ablation",
        "position",
    } <= study_runners().keys()


def test_the_authors_files_are_the_papers_data(shared_data: Path, home: Path) -> None:
    settings = Settings()
    for name in ("lastfm", "lastfm_ab"):
        import_data("llara", shared_data / name, name=name, settings=settings)
    manifests = [Manifest.of("table4", "lastfm"), Manifest.of("table5", "lastfm")]
    library = DatasetStore(settings.data_dir)
    found = comparability_of(manifests, "lastfm", published_data("lastfm"), "offline", library)
    assert found == replace(OFFLINE, llm="offline")


@pytest.fixture
def lastfm(small: Path, small_csv: Path) -> Path:
    """Another data set under the paper's name, with base models that have learned nothing."""
    import_data("csv", small_csv, name="lastfm", domain="music")
    dataset = DatasetStore(small / "data").load("lastfm")
    network = SASRec.from_settings({"items": len(dataset.catalogue)})
    for seed in (RECOMMENDER_SEED, REWARD_SEED):
        training = asdict(TrainingConfig())
        identity = Identity("sasrec", network.version, dataset.hash, network.settings(), training, seed)
        log = TrainingResult(1, 1, 0.0, (1.0,), 0.0, 0.0)._asdict()
        checkpoints.write(Checkpoint(identity, network.state_dict(), log), small / "models")
    return small


def test_a_table_is_reproduced_written_and_reproduced_again_without_requests(
    afl: Afl, lastfm: Path, tmp_path: Path
) -> None:
    found = afl("reproduce", "table4", "--out", tmp_path / "page", "--json")
    assert (found.code, list(found.json)) == (0, ["target", "dataset", "llm", "rows", "claims", "runs", "out"])
    rows = found.json["rows"]
    assert list(rows[0]) == ["target", "row", "column", "paper", "ours", "difference", "verdict"]
    assert rows[0]["paper"] == {"value": 0.2869, "n": 122}
    assert [row["verdict"] for row in rows] == [*["not comparable: other data"] * 18, *["not built"] * 3]
    assert [row["row"] for row in rows if row["ours"] is None] == ["LLaRA"] * 3
    page = (tmp_path / "page" / "report.md").read_text(encoding="utf-8")
    assert "| SASRec | Base Model | 0.2869 | 122 | " in page
    assert (tmp_path / "page" / "figures" / "table4-hitratio1.svg").exists()
    before = afl("runs", "--json").json["runs"]
    assert afl("reproduce", "table4", "--json").json == {**found.json, "out": None}
    assert afl("runs", "--json").json["runs"] == before


def test_people_see_rows_claims_and_the_warning(afl: Afl, lastfm: Path, tmp_path: Path) -> None:
    shown = afl("reproduce", "figure6", "--out", tmp_path / "page").out
    written = (tmp_path / "page" / "report.md").read_text(encoding="utf-8")
    assert "| Random is at least as good as First after 1 iteration. |" in written
    assert "Random is at" in shown
    assert "offline stand-in" in shown
    assert written.index("| target first, 1 iteration |") < written.index("| target random, 1 iteration |")
    assert shown.index("target first") < shown.index("target random")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["table9"], "got 'table9', expected one of: table4, table5"),
        (["table4", "--dataset", "small"], "got 'small', but AFL (arXiv 2410.20027v2), Table 4 is about: lastfm"),
        (["table5"], "no data set is called 'lastfm_ab'; import the authors' first: afl data import llara"),
    ],
)
def test_errors_are_reported_before_the_first_request(
    arguments: list[str], complaint: str, afl: Afl, lastfm: Path
) -> None:
    refused = afl("reproduce", *arguments)
    assert (refused.code, complaint in refused.complaint) == (2, True)
    assert afl("runs", "--json").json == {"runs": []}


def test_a_folder_with_other_files_is_refused_before_the_first_request(
    afl: Afl, lastfm: Path, tmp_path: Path
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "mine.tex").write_text("mine")
    assert afl("reproduce", "table4", "--out", tmp_path / "thesis").code == 2
    assert afl("runs", "--json").json == {"runs": []}
