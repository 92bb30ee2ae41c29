"""The judgement of stock takes as pure functions: what may explain a difference, and what to count next."""

from lotkeeper.stocktakes.policies.detective import explain
from lotkeeper.stocktakes.policies.explanations import Certainty, Explanation, ExplanationCode
from lotkeeper.stocktakes.policies.facts import Boxed, Facts, InTransit, Moved, OtherLine, Uncounted
from lotkeeper.stocktakes.policies.proposals import History, Standing, expected_error, rate_of

__all__ = [
    "Boxed",
    "Certainty",
    "Explanation",
    "ExplanationCode",
    "Facts",
    "History",
    "InTransit",
    "Moved",
    "OtherLine",
    "Standing",
    "Uncounted",
    "expected_error",
    "explain",
    "rate_of",
]
