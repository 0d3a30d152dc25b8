"""Options that several commands share, each declared once."""

from typing import Annotated

import typer

Text = str | None
Number = int | None

JSON = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, all else on stderr.")]
DB = Annotated[
    Text,
    typer.Option("--db", metavar="URL", help="The database; AFL_DB, or a SQLite file under AFL_HOME, by default."),
]
Dataset = Annotated[str, typer.Option("--dataset", metavar="NAME", help="An imported data set.")]

LLM = Annotated[Text, typer.Option("--llm", metavar="NAME[:ARG]", help="offline, or openai:MODEL.")]
BaseURL = Annotated[
    Text, typer.Option("--base-url", metavar="URL", help="An OpenAI-compatible endpoint: vLLM, Ollama, ...")
]
Rounds = Annotated[Number, typer.Option("--rounds", help="The most rounds of a dialogue. (default: 4)")]
Candidates = Annotated[Number, typer.Option("--candidates", help="Length of a list. (default: 20)")]
CandidatesFrom = Annotated[
    Text, typer.Option("--candidates-from", help="seeded, reference or source. (default: seeded)")
]
Seed = Annotated[Number, typer.Option("--seed", help="The study's seed. (default: 303)")]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="N", help="Study seeds: --seed and those after it; users are averaged.")
]
Split = Annotated[Text, typer.Option("--split", help="test, valid, train or all. (default: test)")]
Sessions = Annotated[
    Number, typer.Option("--sessions", metavar="N", help="The first N in seeded order; all by default.")
]
TrainOn = Annotated[
    Text, typer.Option("--train-on", metavar="NAME", help="A data set over the same items that models learn from.")
]
Recommender = Annotated[
    Text,
    typer.Option(
        "--recommender", metavar="NAME[:ARG]", help="sasrec, file:PATH.csv, llm or none. (default: sasrec)"
    ),
]
Reward = Annotated[Text, typer.Option("--reward", metavar="NAME[:ARG]", help="sasrec or none. (default: sasrec)")]
Tools = Annotated[
    list[str] | None, typer.Option("--tool", metavar="NAME[:ARG]", help="A recommender tool; may be repeated.")
]
UserSeesCandidates = Annotated[
    bool | None,
    typer.Option(
        "--user-sees-candidates/--user-sees-item-only",
        help="Ask the user agent whether the item is the best of the list, or judges it alone.",
    ),
]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Sessions under way at once.")]
Engine = Annotated[
    Text, typer.Option("--engine", metavar="NAME", help="local, or ray for many processes. (default: local)")
]
Workers = Annotated[
    Number, typer.Option("--workers", metavar="N", help="Processes of --engine ray; one a processor by default.")
]
Address = Annotated[
    Text, typer.Option("--address", metavar="ADDRESS", help="A Ray cluster, or auto; else one is started.")
]
Cache = Annotated[bool, typer.Option("--cache", help="Let equal requests of earlier runs answer.")]
RPM = Annotated[Number, typer.Option("--rpm", metavar="N", help="The most requests a minute.")]
TPM = Annotated[Number, typer.Option("--tpm", metavar="N", help="The most tokens a minute.")]
BudgetUSD = Annotated[
    float | None,
    typer.Option("--budget-usd", metavar="USD", help="What all may cost, earlier continuations included."),
]
BudgetTokens = Annotated[
    Number, typer.Option("--budget-tokens", metavar="N", help="The same in tokens, prompts and replies together.")
]
MaxTokens = Annotated[
    Number,
    typer.Option("--max-tokens", metavar="N", help="The longest reply under a budget. (default: 1024)"),
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", help="For one try of a request. (default: 300)")
]
SessionTimeout = Annotated[
    float | None,
    typer.Option(
        "--session-timeout", metavar="SECONDS", help="For a session; the next continuation goes on with it."
    ),
]
RunTimeout = Annotated[
    float | None,
    typer.Option("--run-timeout", metavar="SECONDS", help="For a run; it stops then, with everything kept."),
]
StallAfter = Annotated[
    float | None,
    typer.Option(
        "--stall-after",
        metavar="SECONDS",
        help="Say what is waited for when no reply has come for so long. (default: 60)",
    ),
]
