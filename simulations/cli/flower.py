"""`afl flower ...`: recommender language models tuned by flows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulations.cli.options import JSON, Number, Text
from simulations.cli.output import console, plain, print_json, table, watch

if TYPE_CHECKING:
    from afl.flower.distribution import DistributionFit
    from simulations.commands.flower_train import FlowerTrainReport

app = typer.Typer(help="Flower: language models tuned by flows instead of imitation.", no_args_is_help=True)
Decimal = float | None
Name = Annotated[str, typer.Argument(metavar="NAME", help="A trained model.")]


@app.callback()
def flower() -> None:
    """Flower: language models tuned by flows instead of imitation."""


@app.command("train")
def flower_train(
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call the model; continues it.")],
    task: Annotated[str, typer.Option("--task", help="distribution or next-item.")] = "distribution",
    target: Annotated[
        Path | None, typer.Option("--target", metavar="FILE", help="distribution: JSON of title -> count.")
    ] = None,
    objective: Annotated[str, typer.Option("--objective", help="flower, or sft for imitation.")] = "flower",
    prompt: Annotated[str, typer.Option("--prompt", help="distribution: what every title follows.")] = "",
    sample: Annotated[
        Number,
        typer.Option("--sample", metavar="N", help="sft: learn from N titles, drawn once; fresh ones by default."),
    ] = None,
    model: Annotated[
        Text,
        typer.Option(
            "--model", metavar="PATH", help="A causal model by folder or hub name; the embedded one by default."
        ),
    ] = None,
    lora: Annotated[int, typer.Option("--lora", metavar="RANK", help="LoRA of this rank; 0 tunes it all.")] = 0,
    width: Annotated[Number, typer.Option("--width", metavar="N", help="Of the embedded model's states.")] = None,
    flow: Annotated[Decimal, typer.Option("--lambda", metavar="X", help="Weight of the flow loss.")] = None,
    legal: Annotated[
        Decimal, typer.Option("--legal", metavar="X", help="Weight of the term on the tokens of the tree.")
    ] = None,
    granularity: Annotated[
        Number, typer.Option("--granularity", metavar="N", help="Tokens to a state; 0 is the whole title.")
    ] = None,
    on_policy: Annotated[
        Decimal, typer.Option("--on-policy", metavar="SHARE", help="Steps on titles that the model draws.")
    ] = None,
    masked: Annotated[
        bool | None, typer.Option("--masked/--unmasked", help="Draw those from the tree alone or not.")
    ] = None,
    steps: Annotated[Number, typer.Option("--steps", metavar="N", help="At most.")] = None,
    batch_size: Annotated[Number, typer.Option("--batch-size", metavar="N", help="Titles per step.")] = None,
    micro_batch: Annotated[
        Number, typer.Option("--micro-batch", metavar="N", help="Titles at once, where memory is short.")
    ] = None,
    learning_rate: Annotated[Decimal, typer.Option("--learning-rate", metavar="X", help="At its highest.")] = None,
    patience: Annotated[
        Number,
        typer.Option("--patience", metavar="N", help="Validations that may bring nothing before it winds down."),
    ] = None,
    dataset: Annotated[
        Text, typer.Option("--dataset", metavar="NAME", help="next-item: an imported data set.")
    ] = None,
    personal: Annotated[
        Text, typer.Option("--personal", metavar="FORM", help="next-item: rewards are divided, added or none.")
    ] = None,
    base: Annotated[
        Text,
        typer.Option("--base", metavar="NAME[:SEED]", help="next-item: whose preferences; sasrec by default."),
    ] = None,
    start: Annotated[
        Text, typer.Option("--start", metavar="NAME", help="next-item: a trained model to go on from.")
    ] = None,
    examples: Annotated[
        Number, typer.Option("--examples", metavar="N", help="next-item: training examples at most.")
    ] = None,
    reweighted: Annotated[
        bool, typer.Option("--reweighted", help="next-item: IFairLRS, by the group of the target.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="The model's own seed.")] = 1,
    retrain: Annotated[bool, typer.Option("--retrain", help="Begin anew even if the name is taken.")] = False,
    as_json: JSON = False,
) -> None:
    """Tune a language model, by flows or by imitation; the same command goes on with an interrupted training."""
    from simulations.commands.flower_train import flower_train as perform

    report = perform(
        name,
        task=task,  # type: ignore[arg-type]  # checked by the command
        target=target,
        objective=objective,
        prompt=prompt,
        sample=sample,
        model=model,
        lora=lora,
        width=width,
        seed=seed,
        retrain=retrain,
        watch=watch(),
        next_item={
            "dataset": dataset,
            "personal": personal,
            "base": base,
            "start": start,
            "examples": examples,
            "reweighted": reweighted,
        },
        flow=flow,
        legal=legal,
        granularity=granularity,
        on_policy=on_policy,
        masked=masked,
        steps=steps,
        batch_size=batch_size,
        micro_batch=micro_batch,
        learning_rate=learning_rate,
        patience=patience,
    )
    from afl.flower.distributed import is_main_process

    if is_main_process():
        print_json(report.to_json()) if as_json else _show_training(report)


@app.command("evaluate")
def flower_evaluate(
    name: Name,
    draws: Annotated[int, typer.Option("--draws", metavar="N", help="distribution: titles drawn.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws.")] = 303,
    dataset: Annotated[
        Text, typer.Option("--dataset", metavar="NAME", help="next-item: where its own goes by another name now.")
    ] = None,
    examples: Annotated[
        Number, typer.Option("--examples", metavar="N", help="next-item: so many tests, spread evenly; else all.")
    ] = None,
    beams: Annotated[Number, typer.Option("--beams", metavar="N", help="next-item: 10 or more.")] = None,
    temperature: Annotated[
        Decimal, typer.Option("--temperature", metavar="X", help="next-item: logits are divided by it.")
    ] = None,
    length_penalty: Annotated[
        Decimal, typer.Option("--length-penalty", metavar="X", help="next-item: 1 by default; 0 switches it off.")
    ] = None,
    guidance: Annotated[
        Decimal, typer.Option("--guidance", metavar="X", help="next-item: weight of a base model (D3), up to 1.")
    ] = None,
    base: Annotated[
        Text, typer.Option("--base", metavar="NAME[:SEED]", help="next-item: which one guides; sasrec by default.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Hold what a model recommends to what it was taught."""
    from afl.flower.next_item_evaluation import NextItemReport
    from simulations.cli.flower_view import show_next_item
    from simulations.commands.flower_evaluate import flower_evaluate as perform

    found = perform(
        name,
        draws=draws,
        seed=seed,
        watch=watch(),
        dataset=dataset,
        examples=examples,
        beams=beams,
        temperature=temperature,
        length_penalty=length_penalty,
        guidance=guidance,
        base=base,
    )
    if as_json:
        print_json(found.to_json())
    else:
        show_next_item(name, found) if isinstance(found, NextItemReport) else _show_fit(name, found)


@app.command("sample")
def flower_sample(
    name: Name,
    history: Annotated[
        list[str] | None,
        typer.Option(
            "--history", metavar="TITLE", help="next-item: a title that was chosen; repeated, oldest first."
        ),
    ] = None,
    draws: Annotated[int, typer.Option("--draws", metavar="N", help="Titles.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws.")] = 0,
    as_json: JSON = False,
) -> None:
    """Read titles as a model writes them."""
    from simulations.commands.flower_sample import flower_sample as perform

    found = perform(name, history=history or (), draws=draws, seed=seed)
    if as_json:
        print_json({"name": name, "draws": [one._asdict() for one in found]})
        return
    for one in found:
        console().print(plain(one.title if one.in_catalogue else f"{one.title}   (not in the catalogue)"))


def _show_training(report: "FlowerTrainReport") -> None:
    said = report.to_json()
    trained = f"{said['steps']} steps in {said['seconds']:.1f} s ({said['cpu_seconds']:.1f} s of CPU time)"
    size = f"{said['parameters']:,} parameters, best at step {said['best_step']}"
    console().print(plain(f"{said['name']} ({said['task']}, {said['objective']}): {trained}; {size}"))
    console().print(plain(f"kept in {said['path']}; next: afl flower evaluate {said['name']}"))


def _show_fit(name: str, found: "DistributionFit") -> None:
    shown = table("", "drawn", "exact", right=("drawn", "exact"))
    rows = {
        "JS": (found.js, found.exact_js),
        "KL(result || target)": (found.kl_result_target, None),
        "KL(target || result)": (found.kl_target_result, None),
        "off the catalogue": (found.off_catalogue, found.exact_off_catalogue),
    }
    for label, values in rows.items():
        shown.add_row(label, *("-" if value is None else f"{value:.5f}" for value in values))
    console().print(plain(f"{name}: {found.draws:,} draws, nats over the titles of the catalogue"))
    console().print(shown)
