"""Code of a function made a function, method, variable or constant of its own."""
