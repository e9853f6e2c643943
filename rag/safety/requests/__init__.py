"""What a message asks for, and whether a sentence of ours gives an amount to take.

    classify("how many grams for a beginner").kind      # RequestKind.DOSE
    has_amount_to_take("Start with two grams.")         # True

Deterministic and local: patterns in `corpus/requests.yaml`, no model.
"""

from rag.safety.requests.amounts import has_amount_to_take
from rag.safety.requests.classify import classify, has_other_amounts
from rag.safety.requests.kinds import Request, RequestKind

__all__ = ["Request", "RequestKind", "classify", "has_amount_to_take", "has_other_amounts"]
