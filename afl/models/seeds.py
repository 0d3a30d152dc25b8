"""What stands behind a model's name: `NAME:SEED`, or an argument that is the model's own."""

from afl.models.context import ModelContext


def model_seed(context: ModelContext) -> int:
    """The argument as a number, or the model's own default."""
    return int(context.argument) if context.argument and _is_seed(context.argument) else context.default_seed


def model_argument(context: ModelContext) -> str | None:
    """The argument where it is no seed: what it means is the model's affair."""
    return None if context.argument is None or _is_seed(context.argument) else context.argument


def _is_seed(argument: str) -> bool:
    return argument.isascii() and argument.isdigit() and len(argument) <= 9
