"""The offline model as user agent with several items before it: takes the one it values most."""

from dataclasses import replace

from afl.llm.offline.preference_model import Listener
from afl.llm.offline.request_parser import Offer, Request, heard_suggestion
from afl.llm.offline.wording import Wording
from afl.prompt_headings import RECOMMENDED_BECAUSE


class Choosing:
    """Weighs the items under its own attention the scores beside them and the other agent's reason."""

    def __init__(self, listener: Listener, wording: Wording) -> None:
        self.listener = listener
        self.wording = wording

    def answer(self, request: Request) -> str:
        """`Reason: ...` and `Item: ...`; names no item when the request lists none."""
        if not request.candidates:
            return "Reason: I see nothing to choose from.\nItem: none"
        scene = self.listener.scene(request.history, request.candidates)
        opinion = self.listener.opinion(_hearing(request), scene, request.scores)
        title = scene.titles[opinion.best]
        taken = replace(request, offer=Offer(title, "", request.scores.get(title)))
        return f"Reason: {self.wording.acceptance(opinion, opinion.best, taken)}\nItem: {title}"


def _hearing(request: Request) -> Request:
    """The request with the suggestion that the other agent's reason tells of; "it" is the first of its list."""
    lines = request.question.split("\n")
    reason = next((line for line in lines if line.startswith(RECOMMENDED_BECAUSE)), "")
    said = Offer(request.candidates[0], reason.removeprefix(RECOMMENDED_BECAUSE), None)
    return replace(request, suggestion=heard_suggestion(said, request.candidates))
