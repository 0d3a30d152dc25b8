"""Finding titles in free text: as whole words, and never inside a longer title."""

import re
from collections.abc import Collection

from agents.matching import unaccented


class Titles:
    """Titles that may occur in a text; case and accents do not count."""

    def __init__(self, titles: Collection[str]) -> None:
        self.forms = {title: unaccented(title) for title in titles}

    def named(self, text: str) -> list[str]:
        """The titles the text mentions."""
        rest, titles = unaccented(text), []
        present = [(form, title) for title, form in self.forms.items() if form and form in rest]
        for form, title in sorted(present, key=lambda one: len(one[0]), reverse=True):
            rest, count = re.subn(rf"(?<!\w){re.escape(form)}(?!\w)", "\0", rest)
            if count:
                titles.append(title)
        return titles

    def mentions(self, text: str, title: str) -> bool:
        """Whether the text mentions the title; other titles are compared only if its letters occur in the text."""
        return unaccented(title) in unaccented(text) and title in self.named(text)
