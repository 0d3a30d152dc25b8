"""The two agents of the loop: their prompts, their requests, and the parsing of their answers."""

from agents.prompts import Prompts, prompts_hash
from agents.recommendation import RecommendationAgent
from agents.reflection import ReflectionAgent
from agents.tools import SuggestionTool, as_langchain_tool
from agents.user import UserAgent
from agents.zero_shot import ZeroShot

__all__ = [
    "Prompts",
    "RecommendationAgent",
    "ReflectionAgent",
    "SuggestionTool",
    "UserAgent",
    "ZeroShot",
    "as_langchain_tool",
    "prompts_hash",
]
