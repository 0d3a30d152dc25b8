"""Table and figures of `benchmarks.flower_next_item`: intervals over users, and every arm held to SFT user by user."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.metrics.intervals import percentile_interval, resampled
from afl.metrics.popularity import EXPOSURE_GROUPS, equal_groups, group_mix
from afl.metrics.ranking import gains
from afl.metrics.significance import Difference, paired_bootstrap

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Lines = Mapping[str, Mapping[str, Any]]
YARDSTICK = "sft-on"
"""SFT that went on for as many steps as the arms that are held to it."""
RESAMPLES = 2000


class Fairness(NamedTuple):
    """Intervals over users of DGU and MGU of an arm, and of how much more they are than the yardstick's."""

    dgu: tuple[float, float]
    mgu: tuple[float, float]
    more_dgu: tuple[float, float] | None = None
    more_mgu: tuple[float, float] | None = None


def table(lines: Lines, counts: NDArray[np.int64]) -> str:
    """A row per arm, in Markdown; `counts` are (K,) occurrences of titles in training histories."""
    head = "| arm | NDCG@5 | less SFT's (p) | HR@5 | DGU | less SFT's | MGU | less SFT's | H | TTR | CPU s |"
    return "\n".join([head, "|" + "---|" * 11, *(_row(name, lines, counts) for name in lines)])


def _row(name: str, lines: Lines, counts: NDArray[np.int64]) -> str:
    line = lines[name]
    paired = _paired(line, lines.get(YARDSTICK))
    fair = fairness(line, lines.get(YARDSTICK), counts)
    cells = [
        name,
        _with_interval(line["ndcg_at_5"]["value"], line["ndcg_at_5"]["ci95"]),
        "" if paired is None else f"{paired.value:+.4f} ({paired.p:.2f})",
        _with_interval(line["hr_at_5"]["value"], line["hr_at_5"]["ci95"]),
        _with_interval(line["dgu_at_10"], fair.dgu, 3),
        _interval_alone(fair.more_dgu),
        _with_interval(line["mgu_at_10"], fair.mgu, 3),
        _interval_alone(fair.more_mgu),
        f"{line['entropy_bits']:.2f}",
        f"{line['ttr']:.4f}",
        f"{line['training_cpu_seconds']:.0f}" if "training_cpu_seconds" in line else "",
    ]
    return "| " + " | ".join(cells) + " |"


def over_seeds(trainings: Sequence[Lines]) -> str:
    """A row per arm that all have, in Markdown: its mean over trainings, and how much more it is than its own SFT.

    Intervals are Student's over the trainings, each with SFT of its own: how far another seed may be from these.
    """
    names = [name for name in trainings[0] if all(name in lines for lines in trainings)]
    head = "".join(f" {measure} | less SFT's | in each |" for measure in _MEASURED)
    rows = [_row_over_seeds(name, trainings) for name in names]
    return "\n".join([f"| arm |{head}", "|" + "---|" * (1 + 3 * len(_MEASURED)), *rows])


def _row_over_seeds(name: str, trainings: Sequence[Lines]) -> str:
    cells = [name]
    for value in _MEASURED.values():
        found = np.array([value(lines[name]) for lines in trainings])
        more = found - [value(lines[YARDSTICK]) for lines in trainings]
        cells.append(f"{found.mean():.4f}")
        if name == YARDSTICK:
            cells += ["", ""]
        else:
            low, high = _students(more)
            cells += [f"{more.mean():+.4f} [{low:+.4f}, {high:+.4f}]", ", ".join(f"{one:+.4f}" for one in more)]
    return "| " + " | ".join(cells) + " |"


def _students(values: NDArray[np.float64]) -> tuple[float, float]:
    from scipy import stats

    around = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return (values.mean() - around, values.mean() + around)


def _with_interval(value: float, interval: Sequence[float], digits: int = 4) -> str:
    low, high = interval
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _interval_alone(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"[{interval[0]:+.3f}, {interval[1]:+.3f}]"


def _paired(line: Mapping[str, Any], other: Mapping[str, Any] | None) -> Difference | None:
    if other is None or other is line or other["n"] != line["n"]:
        return None
    return paired_bootstrap(gains(other["ranks"], 5), gains(line["ranks"], 5))


def fairness(line: Mapping[str, Any], other: Mapping[str, Any] | None, counts: NDArray[np.int64]) -> Fairness:
    """Intervals by resampling users whole."""
    own = _by_group(line["titles"], counts)  # (U, G)
    yardstick = group_mix(counts, equal_groups(counts))
    dgu, mgu = (_interval(own, lambda drawn, of=of: of(_gaps(drawn, yardstick))) for of in (_dgu, _mgu))
    if other is None or other is line or other["n"] != line["n"]:
        return Fairness(dgu, mgu)
    both = np.concatenate([own, _by_group(other["titles"], counts)], axis=1)  # (U, 2 G)

    def more(of: Statistic) -> tuple[float, float]:
        return _interval(
            both,
            lambda drawn: (
                of(_gaps(drawn[..., :EXPOSURE_GROUPS], yardstick))
                - of(_gaps(drawn[..., EXPOSURE_GROUPS:], yardstick))
            ),
        )

    return Fairness(dgu, mgu, more(_dgu), more(_mgu))


def _by_group(titles: Sequence[Sequence[int]], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    of_title = equal_groups(counts)[np.asarray(titles)]
    return np.stack([(of_title == group).sum(axis=1) for group in range(EXPOSURE_GROUPS)], axis=1).astype(
        np.float64
    )


def _interval(values: NDArray[np.float64], statistic: Statistic) -> tuple[float, float]:
    drawn = resampled(values, resamples=RESAMPLES, seed=0, statistic=lambda part: statistic(part.sum(axis=1)))
    return percentile_interval(drawn, users=len(values))


def _gaps(counted: NDArray[np.float64], yardstick: NDArray[np.float64]) -> NDArray[np.float64]:
    return counted / counted.sum(axis=-1, keepdims=True) - yardstick


def _dgu(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    return gaps.max(axis=-1) - gaps.min(axis=-1)


def _mgu(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(gaps).mean(axis=-1)


def draw(lines: Lines, counts: NDArray[np.int64], folder: Path) -> None:
    """Three figures, `flower-next-item-*.png`: `groups`, gaps by group; `lambda`, its sweep; `arms`, all of them."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    shown = [
        name for name in ("sasrec", YARDSTICK, "d3", "ifairlrs", "flower-0.05", "flower-0.5") if name in lines
    ]
    for name in shown:
        axes.plot(
            range(1, EXPOSURE_GROUPS + 1), lines[name]["gaps"], marker="o", markersize=3, linewidth=1, label=name
        )
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(xlabel="group of titles, the most popular first", ylabel="share recommended - share of histories")
    axes.legend(frameon=False)
    figure.savefig(folder / "flower-next-item-groups.png", dpi=110)
    _draw_sweep(lines, folder)
    _draw_arms(lines, counts, folder)


def _draw_sweep(lines: Lines, folder: Path) -> None:
    from matplotlib import pyplot as plt

    weights = sorted(float(name.removeprefix("flower-")) for name in lines if name.startswith("flower-"))
    figure, panels = plt.subplots(1, 2, figsize=(6.4, 2.8), layout="constrained")
    for axes, label in zip(panels, ("NDCG@5", "DGU@10"), strict=True):
        value = _MEASURED[label]
        axes.plot(weights, [value(lines[f"flower-{weight:g}"]) for weight in weights], marker="o", linewidth=1)
        if YARDSTICK in lines:
            axes.axhline(value(lines[YARDSTICK]), color="grey", linestyle="--", linewidth=1, label="SFT")
            axes.legend(frameon=False)
        axes.set(xscale="log", xlabel="lambda", title=label)
    figure.savefig(folder / "flower-next-item-lambda.png", dpi=110)


def _draw_arms(lines: Lines, counts: NDArray[np.int64], folder: Path) -> None:
    """A row per arm: accuracy, and how far from fair, with their intervals."""
    from matplotlib import pyplot as plt

    names = [name for name in lines if name not in ("sft", "sasrec-all")][::-1]
    figure, (accuracy, unfairness) = plt.subplots(1, 2, figsize=(6.4, 4.4), layout="constrained", sharey=True)
    for place, name in enumerate(names):
        line, colour = lines[name], "tab:red" if name == YARDSTICK else "tab:blue"
        found = line["ndcg_at_5"]
        _draw_interval(accuracy, place, found["value"], found["ci95"], colour)
        _draw_interval(unfairness, place, line["dgu_at_10"], fairness(line, None, counts).dgu, colour)
    accuracy.axvline(lines[YARDSTICK]["ndcg_at_5"]["value"], color="grey", linestyle="--", linewidth=1)
    unfairness.axvline(lines[YARDSTICK]["dgu_at_10"], color="grey", linestyle="--", linewidth=1)
    accuracy.set(xlabel="NDCG@5, higher is better", yticks=range(len(names)), yticklabels=names)
    unfairness.set(xlabel="DGU@10, lower is fairer")
    figure.savefig(folder / "flower-next-item-arms.png", dpi=110)


def _draw_interval(axes: Any, place: int, value: float, interval: Sequence[float], colour: str) -> None:
    axes.plot(interval, [place, place], color=colour, linewidth=1)
    axes.plot([value], [place], "o", color=colour, markersize=4)


_MEASURED: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "NDCG@5": lambda line: line["ndcg_at_5"]["value"],
    "DGU@10": lambda line: line["dgu_at_10"],
    "MGU@10": lambda line: line["mgu_at_10"],
}
