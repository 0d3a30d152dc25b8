"""Public functions whose signature is a class of options: the class states each option, the function takes it."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from inspect import Signature, signature
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from afl.errors import UsageError
from simulations.options.groups import has_budget, require_user_model
from simulations.options.parameters import command_parameters, options_signature
from simulations.options.profile_options import resolve_profiles

if TYPE_CHECKING:
    from simulations.options.run_options import RunOptions

P = ParamSpec("P")
O = TypeVar("O", covariant=True)  # noqa: E741 - options
R = TypeVar("R")


@dataclass(frozen=True)
class Invocation(Generic[O]):
    """One call of a command: its options, and which of them were stated; a replay takes the others as recorded."""

    options: O
    """Every option; those that were not stated have their default."""
    explicit: Mapping[str, Any]
    """The options that were stated, by name."""

    def run_options(self, *, recorded: Mapping[str, Any] | None = None, **fixed: Any) -> "RunOptions":
        """What determines the results: `fixed`, over what was stated, over the recorded configuration or the defaults.

        Raises `UsageError` for a missing data set or model, and for invalid values.
        """
        from simulations.options.run_options import NO_USER_AGENT, RunOptions

        run_defaults = {field.name: field.default for field in fields(RunOptions)}
        defaults = self.run_values(vars(self.options)) if recorded is None else {}
        # A default that RunOptions has as well is left to it: some depend on other options.
        changed = {name: value for name, value in defaults.items() if value != run_defaults[name]}
        options = RunOptions.resolve({**changed, **self.run_values(self.explicit), **fixed}, recorded=recorded)
        if not options.user and {"user_llm", "user_temperature"} & {*self.explicit}:
            raise UsageError(NO_USER_AGENT)
        return options

    def explicit_for(self, options: type) -> dict[str, Any]:
        """The stated options that another class of options has as well, by name."""
        names = {field.name for field in fields(options)}
        return {name: value for name, value in self.explicit.items() if name in names}

    def run_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values that determine results, as `RunOptions` has them: tools by name."""
        from simulations.options.run_options import RunOptions

        names = {field.name for field in fields(RunOptions)}
        if has_budget(self.options):
            names.discard("max_tokens")  # a limit of cost then
        selected = {name: value for name, value in values.items() if name in names and value not in (None, "")}
        if "tools" in selected:
            selected["tools"] = tuple(tool if isinstance(tool, str) else tool.name for tool in selected["tools"])
        return selected


def command(options: Callable[P, O]) -> Callable[[Callable[[Invocation[O]], R]], Callable[P, R]]:
    """Makes a function of an `Invocation` a public function with the fields of the options class as its arguments.

    None, and a tool list without tools, count as not stated. Raises `UsageError` for a value that is no choice.
    """
    options_class: Any = options

    def decorate(function: Callable[[Invocation[O]], R]) -> Callable[P, R]:
        @functools.wraps(function)
        def public(*args: P.args, **kwargs: P.kwargs) -> R:
            arguments = public.__signature__.bind(*args, **kwargs).arguments  # type: ignore[attr-defined]
            return function(make_invocation(options_class, arguments))

        public.__signature__ = Signature(  # type: ignore[attr-defined]
            options_signature(options_class), return_annotation=signature(function).return_annotation
        )
        del public.__wrapped__  # its signature is another
        return public

    return decorate


def make_invocation(options: Callable[..., O], arguments: Mapping[str, Any]) -> Invocation[O]:
    """A call with these arguments; None counts as not stated. Raises `UsageError` for a value that is no choice."""
    explicit = {name: value for name, value in arguments.items() if value is not None}
    if {"llm", "config"} <= {*options.__dataclass_fields__}:  # type: ignore[attr-defined]
        explicit = {name: value for name, value in resolve_profiles(explicit).items() if value is not None}
    if "prompt_texts" in options.__dataclass_fields__:  # type: ignore[attr-defined]
        explicit = _with_prompt_texts(explicit)
    if not explicit.get("tools", True):
        del explicit["tools"]
    values = options(**explicit)
    for option in command_parameters(options):
        if not option.choices or option.name not in explicit:
            continue
        value = explicit[option.name]
        for choice in value if option.is_repeatable else [value]:
            if choice not in option.choices:
                name = f"{option.flags[0]}: " if option.flags else ""
                raise UsageError(f"{name}got {choice!r}, expected one of: {', '.join(option.choices)}")
    require_user_model(values)
    return Invocation(values, explicit)


def _with_prompt_texts(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the texts of the folder `prompts` in its place, those that differ from the built-in ones.

    Raises `UsageError` for a folder or a text that cannot be used.
    """
    folder = stated.get("prompts")
    if folder is None:
        return dict(stated)
    from agents.prompts import Prompts

    texts = dict(stated.get("prompt_texts") or {}) | Prompts.load(folder).replaced
    return {name: value for name, value in stated.items() if name != "prompts"} | {"prompt_texts": texts}
