"""Changing the parameters of Python functions: definitions, calls, and the text that documents them."""
