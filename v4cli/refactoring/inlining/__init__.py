"""Putting a function's body, or a variable's value, in the place of its uses."""
