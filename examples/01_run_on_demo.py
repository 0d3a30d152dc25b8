"""The feedback loop on the demo data: import, simulate, read one dialogue. Needs no download and no key.

    python examples/01_run_on_demo.py

A real model instead of the offline stand-in: `llm="openai:gpt-4o-mini"`, with OPENAI_API_KEY set.
"""

from simulations import import_data, inspect, simulate


def main() -> None:
    import_data("demo", name="demo-300", users=300)
    report = simulate(dataset="demo-300", llm="offline", rounds=4, run="example-demo")

    print(f"{report.sessions} sessions, {report.failed} failed")
    if report.base is not None:
        print(f"SASRec alone  {report.base.value:.2f}")
    for row in report.by_round:
        print(f"round {row.round}       {row.hit_rate_at_1.value:.2f}  ({row.accepted} accepted)")

    dialogue = inspect("example-demo").dialogue
    if dialogue is not None:
        print()
        for exchange in dialogue.exchanges:
            turn = exchange.turn
            answer = turn.item if turn.key.role == "recommendation" else ("yes" if turn.decision else "no")
            print(f"{turn.key.role} agent: {answer}. {turn.reason}")


if __name__ == "__main__":
    main()
