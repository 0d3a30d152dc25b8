"""Reads the two answers of a dialogue, an item or a decision, out of replies of real models.

The rules, in order (docs/agents.md shows an example of each; `agents.ranking` reads lists):

1. Thinking is not part of the answer, in whatever marks; nor are special tokens (`thinking`).
2. A label counts at the start of a line, with any formatting, numbering or case (`lines`), or as a key of a JSON
   object in any layout (`json_answers`).
3. The last `Item:` (`Decision:`) line counts; a label inside a line of the reason never does. The answer format copied
   is no answer (`placeholders`).
4. The item is matched by `agents.matching`; nothing is guessed (`items`).
5. A decision without its label counts where the first or last sentence holds exactly one yes or no that is not negated
   (`decisions`).
6. Else a reply without an answer line is unparsed, or declined if it begins with a plain refusal to take part
   (`refusals`).

Labels, marks and other words are data: `agents.words`.
"""

from agents.parsing.decisions import ParsedDecision, parse_decision
from agents.parsing.items import ParsedItem, parse_recommendation
from agents.parsing.parsed import Parsed
from agents.parsing.thinking import answer_part, without_thinking

__all__ = [
    "Parsed",
    "ParsedDecision",
    "ParsedItem",
    "answer_part",
    "parse_decision",
    "parse_recommendation",
    "without_thinking",
]
