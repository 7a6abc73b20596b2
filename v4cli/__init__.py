"""The command line of v4 and the application logic behind it. Importing this package imports no torch."""

__version__ = "0.1.0"
