"""Every error a caller of AFL can meet. A message says what was got, what was expected, what to do next.

All of them end a command with exit code 2 and one line on stderr, except `ReplayError` and
`TimeLimitError` (exit code 1).
"""


class AFLError(Exception):
    """The root: `except AFLError` catches whatever AFL raises on purpose."""

    exit_code = 2


class UsageError(AFLError, ValueError):
    """An option, name or value that cannot be used as given."""


class DataError(AFLError, ValueError):
    """A data file that does not hold what its format promises; names file, line and reason."""


class NotFoundError(AFLError, LookupError):
    """A data set, run, session, model or plug-in that does not exist under that name."""


class ModelError(AFLError, RuntimeError):
    """A model that cannot be trained, or a checkpoint that cannot be read."""


class ConflictError(AFLError, RuntimeError):
    """A run that exists with different settings, or that another process holds."""


class StorageError(AFLError, OSError):
    """A database or folder that cannot be opened, written or upgraded."""


class EndpointError(AFLError, ConnectionError):
    """A language model or source of data that cannot be reached or refuses: wrong key, wrong name, nobody there."""


class WorkerError(AFLError, RuntimeError):
    """Workers of an engine that cannot be started, or were lost again and again."""


class TimeLimitError(AFLError, TimeoutError):
    """A run that was stopped because it has taken the time it was given."""

    exit_code = 1


class ReplayError(AFLError, LookupError):
    """A replay asked for a request that the recorded run does not hold."""

    exit_code = 1
