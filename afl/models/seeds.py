"""The seed of a trained model, as `NAME[:SEED]` gives it."""

from afl.errors import UsageError
from afl.models.context import ModelContext


def model_seed(context: ModelContext) -> int:
    """The argument as a number, or the model's own default; `UsageError` for anything else."""
    if context.argument is None:
        return context.default_seed
    if not context.argument.isascii() or not context.argument.isdigit() or len(context.argument) > 9:
        raise UsageError(
            f"got {context.name}:{context.argument}, expected {context.name}:SEED with a whole number "
            f"below a thousand million, or {context.name} alone"
        )
    return int(context.argument)
