"""Tokens to text: prefill, decoding under a grammar, stopping, speculation, and scoring of given continuations."""

from .grammar import Grammar
from .loop import Generation, Result, extend_to, generate
from .scoring import Score, score_choices

__all__ = ["Generation", "Grammar", "Result", "Score", "extend_to", "generate", "score_choices"]
