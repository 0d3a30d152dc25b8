"""The loop, its runner, the commands and the command line.

Every command of `afl` is one function here, with the same options:

    from simulations import import_data, simulate

    import_data("demo", name="demo")
    report = simulate(dataset="demo", llm="offline")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulations.commands.audit import audit as audit
    from simulations.commands.cache import cache_explain as cache_explain
    from simulations.commands.compare import compare as compare
    from simulations.commands.data import data_info as data_info
    from simulations.commands.data import data_sessions as data_sessions
    from simulations.commands.data import import_data as import_data
    from simulations.commands.data import list_data as list_data
    from simulations.commands.data import remove_data as remove_data
    from simulations.commands.doctor import doctor as doctor
    from simulations.commands.estimate import estimate as estimate
    from simulations.commands.evaluate import evaluate_recommendation as evaluate_recommendation
    from simulations.commands.evaluate_user import evaluate_user as evaluate_user
    from simulations.commands.export import export as export
    from simulations.commands.fetch import fetch_data as fetch_data
    from simulations.commands.flower_evaluate import flower_evaluate as flower_evaluate
    from simulations.commands.flower_sample import flower_sample as flower_sample
    from simulations.commands.flower_train import flower_train as flower_train
    from simulations.commands.hints import hints_edit as hints_edit
    from simulations.commands.hints import hints_export as hints_export
    from simulations.commands.hints import hints_import as hints_import
    from simulations.commands.hints import hints_list as hints_list
    from simulations.commands.hints import hints_show as hints_show
    from simulations.commands.hints_evaluate import hints_evaluate as hints_evaluate
    from simulations.commands.hints_explore import hints_explore as hints_explore
    from simulations.commands.hints_train import hints_train as hints_train
    from simulations.commands.inspect import inspect as inspect
    from simulations.commands.rank import rank as rank
    from simulations.commands.report import report as report
    from simulations.commands.reproduce import reproduce as reproduce
    from simulations.commands.rescore import rescore as rescore
    from simulations.commands.runs import runs as runs
    from simulations.commands.simulate import simulate as simulate
    from simulations.commands.study_ablation import study_ablation as study_ablation
    from simulations.commands.study_agreement import study_agreement as study_agreement
    from simulations.commands.study_hint_filters import study_hint_filters as study_hint_filters
    from simulations.commands.study_hints import study_few_shot as study_few_shot
    from simulations.commands.study_hints import study_hints_size as study_hints_size
    from simulations.commands.study_hints import study_random_hint as study_random_hint
    from simulations.commands.study_hints import study_reward_design as study_reward_design
    from simulations.commands.study_popularity import study_popularity as study_popularity
    from simulations.commands.study_position import study_position as study_position
    from simulations.commands.study_rankers import study_rankers as study_rankers
    from simulations.commands.study_rounds import study_rounds as study_rounds
    from simulations.commands.study_user_rounds import study_user_rounds as study_user_rounds
    from simulations.commands.train import train as train
    from simulations.commands.view import view as view
    from simulations.graphs.dialogue import build_graph as build_graph

# Resolved on first use: `import simulations` and `afl --help` load neither torch nor langgraph.
_HOMES = {
    "audit": "simulations.commands.audit",
    "build_graph": "simulations.graphs.dialogue",
    "cache_explain": "simulations.commands.cache",
    "compare": "simulations.commands.compare",
    "data_info": "simulations.commands.data",
    "data_sessions": "simulations.commands.data",
    "doctor": "simulations.commands.doctor",
    "estimate": "simulations.commands.estimate",
    "evaluate_recommendation": "simulations.commands.evaluate",
    "evaluate_user": "simulations.commands.evaluate_user",
    "export": "simulations.commands.export",
    "fetch_data": "simulations.commands.fetch",
    "flower_evaluate": "simulations.commands.flower_evaluate",
    "flower_sample": "simulations.commands.flower_sample",
    "flower_train": "simulations.commands.flower_train",
    "hints_edit": "simulations.commands.hints",
    "hints_evaluate": "simulations.commands.hints_evaluate",
    "hints_explore": "simulations.commands.hints_explore",
    "hints_export": "simulations.commands.hints",
    "hints_import": "simulations.commands.hints",
    "hints_list": "simulations.commands.hints",
    "hints_show": "simulations.commands.hints",
    "hints_train": "simulations.commands.hints_train",
    "import_data": "simulations.commands.data",
    "inspect": "simulations.commands.inspect",
    "list_data": "simulations.commands.data",
    "remove_data": "simulations.commands.data",
    "rank": "simulations.commands.rank",
    "report": "simulations.commands.report",
    "reproduce": "simulations.commands.reproduce",
    "rescore": "simulations.commands.rescore",
    "runs": "simulations.commands.runs",
    "simulate": "simulations.commands.simulate",
    "study_ablation": "simulations.commands.study_ablation",
    "study_agreement": "simulations.commands.study_agreement",
    "study_few_shot": "simulations.commands.study_hints",
    "study_hint_filters": "simulations.commands.study_hint_filters",
    "study_hints_size": "simulations.commands.study_hints",
    "study_popularity": "simulations.commands.study_popularity",
    "study_position": "simulations.commands.study_position",
    "study_random_hint": "simulations.commands.study_hints",
    "study_rankers": "simulations.commands.study_rankers",
    "study_reward_design": "simulations.commands.study_hints",
    "study_rounds": "simulations.commands.study_rounds",
    "study_user_rounds": "simulations.commands.study_user_rounds",
    "train": "simulations.commands.train",
    "view": "simulations.commands.view",
}

__all__ = [
    "audit",
    "build_graph",
    "cache_explain",
    "compare",
    "data_info",
    "data_sessions",
    "doctor",
    "estimate",
    "evaluate_recommendation",
    "evaluate_user",
    "export",
    "fetch_data",
    "flower_evaluate",
    "flower_sample",
    "flower_train",
    "hints_edit",
    "hints_evaluate",
    "hints_explore",
    "hints_export",
    "hints_import",
    "hints_list",
    "hints_show",
    "hints_train",
    "import_data",
    "inspect",
    "list_data",
    "rank",
    "remove_data",
    "report",
    "reproduce",
    "rescore",
    "runs",
    "simulate",
    "study_ablation",
    "study_agreement",
    "study_few_shot",
    "study_hint_filters",
    "study_hints_size",
    "study_popularity",
    "study_position",
    "study_random_hint",
    "study_rankers",
    "study_reward_design",
    "study_rounds",
    "study_user_rounds",
    "train",
    "view",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simulations' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
