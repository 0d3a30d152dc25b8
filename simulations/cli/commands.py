"""The commands of `afl`, in the order in which help lists them: name, public function, what presents its result."""

import ast
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple


@cache
def public_functions() -> dict[str, str]:
    """Name -> module, of every name that `simulations` offers, as its stub states them."""
    stub = ast.parse(files("simulations").joinpath("__init__.pyi").read_text(encoding="utf-8"))
    imports = (node for node in stub.body if isinstance(node, ast.ImportFrom))
    return {name.name: f"simulations.{node.module}" for node in imports for name in node.names}


@cache
def summary_of(name: str) -> str:
    """The first line of a public function's docstring."""
    spec = find_spec(public_functions()[name])
    assert spec is not None, "the stub names modules that exist"
    assert spec.origin is not None, "they are files"
    module = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    function = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return first_line(ast.get_docstring(function))


def first_line(docstring: str | None) -> str:
    """Up to the first empty line, as one line without its full stop."""
    return " ".join((docstring or "").split("\n\n")[0].split()).removesuffix(".")


class Command(NamedTuple):
    """A command; its arguments and options are the signature of its function."""

    name: str
    """As typed after `afl`; the first of two words is a group."""
    function: str
    """A public function of `simulations`."""
    show: str
    """Presents the result to people: `module:function` gives a page, or prints by itself.

    It is called with the result, and with the options that it has as keyword-only parameters.
    """
    json: str | None = None
    """Makes the object of `--json` of a result without `to_json`: `module:function`, called alike."""


GROUPS = {
    "data": "Import, describe and remove data sets",
    "evaluate": "Compare arms over the same sessions, with intervals and tests",
    "study": "Studies of the loop, one question each",
    "hints": "Hints drawn from a model's mistakes, and the policy that chooses among them",
    "flower": "Language models tuned by flows instead of imitation",
    "llm": "Language models: what there is, a small one to begin with, and what an endpoint takes",
    "prompts": "Texts that agents are asked with",
    "cache": "Replies of earlier runs that may be used again",
}

_PAGES, _VIEWS = "simulations.sections", "simulations.cli"
_STUDY_VIEWS = {
    "study_agents": f"{_PAGES}.agent_pairings:page",
    "study_agreement": f"{_PAGES}.agreement:page",
    "study_user_rounds": f"{_PAGES}.user_simulation:page",
}


def _studies() -> list[Command]:
    """A command for every public function `study_...`; most are presented alike."""
    return [
        Command(
            f"study {name.removeprefix('study_').replace('_', '-')}",
            name,
            _STUDY_VIEWS.get(name, f"{_PAGES}.study:page"),
        )
        for name in public_functions()
        if name.startswith("study_")
    ]


COMMANDS = (
    Command("data fetch", "fetch_data", f"{_VIEWS}.pages:fetched"),
    Command("data import", "import_data", f"{_PAGES}.data:page", f"{_VIEWS}.output:dataset"),
    Command("data sessions", "data_sessions", f"{_PAGES}.data:page", f"{_VIEWS}.output:dataset"),
    Command("data list", "list_data", f"{_PAGES}.data:list_page", f"{_VIEWS}.output:datasets"),
    Command("data info", "data_info", f"{_PAGES}.data:page", f"{_VIEWS}.output:dataset"),
    Command("data remove", "remove_data", f"{_VIEWS}.pages:removed", f"{_VIEWS}.output:removed"),
    Command("train", "train", f"{_PAGES}.models:page"),
    Command("estimate", "estimate", f"{_PAGES}.costs:estimate_page"),
    Command("simulate", "simulate", f"{_PAGES}.simulation:page"),
    Command("rank", "rank", f"{_PAGES}.ranking:page"),
    Command("evaluate recommendation", "evaluate_recommendation", f"{_PAGES}.study:page"),
    Command("evaluate user", "evaluate_user", f"{_PAGES}.user_simulation:page"),
    *_studies(),
    Command("hints explore", "hints_explore", f"{_PAGES}.hints:exploration_page"),
    Command("hints train", "hints_train", f"{_PAGES}.hints:training_page"),
    Command("hints evaluate", "hints_evaluate", f"{_PAGES}.hints:evaluation_page"),
    Command("hints import", "hints_import", f"{_VIEWS}.pages:knowledge_base", f"{_VIEWS}.output:knowledge_base"),
    Command("hints list", "hints_list", f"{_PAGES}.hints:bases_page", f"{_VIEWS}.output:knowledge_bases"),
    Command("hints show", "hints_show", f"{_PAGES}.hints:base_page", f"{_VIEWS}.output:knowledge_base"),
    Command("hints edit", "hints_edit", f"{_VIEWS}.pages:knowledge_base", f"{_VIEWS}.output:knowledge_base"),
    Command("hints export", "hints_export", f"{_VIEWS}.pages:knowledge_base", f"{_VIEWS}.output:knowledge_base"),
    Command("flower train", "flower_train", f"{_VIEWS}.pages:flower_training"),
    Command("flower evaluate", "flower_evaluate", f"{_PAGES}.models:flower_page"),
    Command("flower sample", "flower_sample", f"{_VIEWS}.pages:flower_titles", f"{_VIEWS}.output:flower_titles"),
    Command("llm list", "llm_list", f"{_PAGES}.language_models:list_page"),
    Command("llm fetch", "llm_fetch", f"{_PAGES}.language_models:fetched_page"),
    Command("llm check", "llm_check", f"{_PAGES}.language_models:check_page"),
    Command("prompts export", "prompts_export", f"{_VIEWS}.pages:exported_prompts"),
    Command("runs", "runs", f"{_PAGES}.runs:page", f"{_VIEWS}.output:runs"),
    Command("inspect", "inspect", f"{_VIEWS}.transcript:show", f"{_VIEWS}.transcript:to_json"),
    Command("compare", "compare", f"{_PAGES}.run_comparison:page"),
    Command("export", "export", f"{_VIEWS}.pages:exported"),
    Command("view", "view", f"{_VIEWS}.pages:exported_site"),
    Command("report", "report", f"{_VIEWS}.pages:reported"),
    Command("reproduce", "reproduce", "simulations.reproduction.page:page"),
    Command("audit", "audit", f"{_PAGES}.audit:page"),
    Command("rescore", "rescore", f"{_PAGES}.rescoring:page"),
    Command("cache explain", "cache_explain", f"{_PAGES}.cache:page"),
    Command("doctor", "doctor", f"{_VIEWS}.pages:doctor"),
)
"""All of them."""
