"""`--llm offline`: a chat model without network that learns from the training split and reads only its messages.

It stands in for a language model, so that everything can be run, taught and tested without a key. Its numbers are not
comparable to a published model's. The algorithm: docs/algorithms/offline-model.md.
"""

from dataclasses import replace

from afl.errors import UsageError
from afl.llm.language_model import STAND_IN, LanguageModel, LanguageModelContext
from afl.llm.offline.attention import RoleWeights, Weights, learn_attention, training_examples
from afl.llm.offline.chat import OfflineChat
from afl.llm.offline.knowledge import Knowledge
from afl.llm.offline.long_lists import LongListModel
from afl.llm.offline.preference_model import FeatureCache, PreferenceModel
from afl.llm.offline.recommendation_agent import OfflineRecommender
from afl.llm.offline.user_agent import OfflineJudge
from afl.llm.offline.values import AttributeValues
from afl.llm.offline.wording import Wording
from afl.llm.price import Price
from afl.llm.sampling import DEFAULT_SAMPLING

VERSION = 2
"""Raised when equal messages may get other replies than before: it is part of every request's fingerprint."""


def offline_model(context: LanguageModelContext) -> LanguageModel:
    """The offline model for a data set: learns from its training split, in about a second for Last.fm.

    Raises `UsageError` for an argument, a base URL or sampling options: it takes none.
    """
    spec = context.spec
    if context.argument is not None or spec.base_url is not None:
        raise UsageError(
            f"got {context.argument or spec.base_url!r}, but --llm offline takes no name and no address"
        )
    if replace(spec.sampling, structured=DEFAULT_SAMPLING.structured) != DEFAULT_SAMPLING:
        raise UsageError(f"got {spec.sampling.changed()}, but --llm offline takes no sampling options")
    weights = Weights.load()
    knowledge = Knowledge(context.dataset)
    rows, feature_cache = training_examples(knowledge), FeatureCache(knowledge)

    def preference_model(role: RoleWeights) -> PreferenceModel:
        attention = learn_attention(knowledge, rows, recency=role.recency, ridge=weights.ridge)
        return PreferenceModel(feature_cache, attention, role, weights)

    wording, values = Wording(knowledge, context.dataset.domain), AttributeValues(knowledge)
    recommender = OfflineRecommender(preference_model(weights.recommendation), wording, values)
    judge = OfflineJudge(preference_model(weights.user), wording)
    return LanguageModel(
        name=STAND_IN,
        chat=OfflineChat(
            recommender, judge, LongListModel(recommender.preference_model, values), context.headings
        ),
        parameters={"version": VERSION, "knowledge": knowledge.hash, "weights": weights.hash, "temperature": 0},
        price=Price(prompt=0.0, completion=0.0),
    )
