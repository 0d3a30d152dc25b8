"""The argument after a model's name: a seed (`NAME:SEED`), or an argument of the model."""

from afl.models.context import ModelContext


def model_seed(context: ModelContext) -> int:
    """The argument as a seed, or the default seed."""
    return int(context.argument) if context.argument and _is_seed(context.argument) else context.default_seed


def model_argument(context: ModelContext) -> str | None:
    """The argument for the model, or None where it is a seed."""
    return None if context.argument is None or _is_seed(context.argument) else context.argument


def _is_seed(argument: str) -> bool:
    return argument.isascii() and argument.isdigit() and len(argument) <= 9
