"""The parts of renaming a symbol: what to edit, what the public name keeps, what would collide, what prose means."""

from .gather import Renaming

__all__ = ["Renaming"]
