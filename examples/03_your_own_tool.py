"""A tool of your own: something the recommendation agent consults before it speaks.

    python examples/03_your_own_tool.py

Whatever has a `name` and a method `advise` is a tool. Its text goes into the prompt, its payload on the record.
Packages can offer one by name (`--tool NAME`) through the entry-point group `afl.tools`.
"""

from collections import Counter
from collections.abc import Sequence

from afl.data.dataset_store import DatasetStore
from afl.settings import Settings
from afl.types import Advice, Refusal, SessionView
from simulations import import_data, simulate


class FavouriteDirector:
    """Points out the candidates whose director the viewer has seen most, as long as they were not refused."""

    name = "favourite-director"

    def __init__(self, directors: Sequence[str]) -> None:
        """`directors`: the director of every item."""
        self.directors = directors

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        seen = Counter(self.directors[item] for item in view.history)
        refused = {refusal.item for refusal in dialogue}
        open_items = [item for item in view.candidates if view.title(item) not in refused]
        best = max(open_items, key=lambda item: seen[self.directors[item]], default=None)
        if best is None or not seen[self.directors[best]]:
            return None
        title, director = view.title(best), self.directors[best]
        text = f"{title} is by {director}, whom this {view.domain.person} has {view.domain.participle} before."
        return Advice(tool=self.name, text=text, payload={"item": title, "director": director})


def main() -> None:
    import_data("demo", name="demo-300", users=300)
    films = DatasetStore(Settings().data_dir).load("demo-300").catalogue
    tool = FavouriteDirector([film["director"][0] for film in films.attributes])

    for tools in ((), (tool,)):
        report = simulate(
            dataset="demo-300", llm="offline", rounds=2, recommender="none", reward="none", tools=tools
        )
        names = ", ".join(each.name for each in tools) or "no tool"
        print(f"{names}: hit rate at 1 {report.hit_rate_at_1.value:.2f} of {report.sessions} sessions")


if __name__ == "__main__":
    main()
