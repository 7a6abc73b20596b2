"""Tokens to text: prefill, decoding under a grammar, stopping, speculation, and scoring of given continuations."""

from .batch import generate_each
from .grammar import Grammar
from .loop import Generation, Result, generate
from .reading import extend_to
from .scoring import Score, score_choices

__all__ = ["Generation", "Grammar", "Result", "Score", "extend_to", "generate", "generate_each", "score_choices"]
