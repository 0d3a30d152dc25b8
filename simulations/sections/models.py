"""Trained models: how well a base model ranks, how close a Flower model comes to its target."""

from afl.flower.distribution import DistributionFit
from afl.flower.next_item_evaluation import NextItemReport
from afl.models.training import TrainReport
from simulations.document.formats import count, decimal, interval, plural, rate, seconds
from simulations.document.page import Column, Page, Section, Table, Text

_ESTIMATES = (Column("metric"), Column("value", rate), Column("95 % interval", interval), Column("n", count))


def page(report: TrainReport) -> Page:
    """The page of `afl train`."""
    numbers = report.to_json()
    hit, ranking = numbers["hit_rate_at_1"], numbers["full_ranking"]
    metrics = {
        f"HR@1 of 20, mean of {hit['candidate_seeds']} candidate seeds": hit,
        "HR@10, whole catalogue": ranking["hr_at_10"],
        "NDCG@10, whole catalogue": ranking["ndcg_at_10"],
    }
    rows = [[name, value["value"], value["ci95"], value["n"]] for name, value in metrics.items()]
    trained = f"{plural(numbers['epochs'], 'epoch')} in {seconds(numbers['seconds'])}"
    title = f"{numbers['model']} on {numbers['dataset']}, seed {numbers['seed']}: {trained}"
    return Page(title, (), (Section("", (Table.of("", _ESTIMATES, rows),)),))


def flower_page(evaluation: DistributionFit | NextItemReport, *, name: str) -> Page:
    """The page of `afl flower evaluate`."""
    return _next_item(name, evaluation) if isinstance(evaluation, NextItemReport) else _fit(name, evaluation)


def _next_item(name: str, report: NextItemReport) -> Page:
    """Accuracy with intervals, fairness, and the share of each group of titles."""
    accuracy = [
        ["NDCG@5", report.ndcg_at_5.value, report.ndcg_at_5.ci95],
        ["HR@5", report.hr_at_5.value, report.hr_at_5.ci95],
    ]
    fairness = [
        ["DGU@10", report.dgu_at_10, None],
        ["MGU@10", report.mgu_at_10, None],
        ["entropy of words, bits", report.entropy_bits, None],
        ["TTR, ten titles per user", report.ttr, None],
    ]
    groups = [
        [f"eighth {number}", history, recommended]
        for number, (history, recommended) in enumerate(
            zip(report.shares.history, report.shares.recommended, strict=True), 1
        )
    ]
    by_popularity = (
        Column("titles by popularity"),
        Column("share in histories", rate),
        Column("recommended", rate),
    )
    return Page(
        f"{name}: {plural(len(report.ranks), 'test example')}, ten titles each",
        (),
        (
            Section("", (Table.of("", _ESTIMATES[:3], [*accuracy, *fairness]),)),
            Section("", (Table.of("", by_popularity, groups),)),
        ),
    )


def _fit(name: str, fit: DistributionFit) -> Page:
    columns = (Column("divergence, nats"), Column("of draws", decimal(5)), Column("exact", decimal(5)))
    rows = [
        ["JS", fit.js, fit.exact_js],
        ["KL(result || target)", fit.kl_result_target, None],
        ["KL(target || result)", fit.kl_target_result, None],
    ]
    off = [["off the catalogue", fit.off_catalogue, fit.exact_off_catalogue]]
    shares = (Column("share of titles"), *columns[1:])
    return Page(
        f"{name}: {plural(fit.draws, 'draw')}",
        (Text("Divergences are over the titles of the catalogue.", "note"),),
        (Section("", (Table.of("", columns, rows), Table.of("", shares, off))),),
    )
