"""Every use of a definition rewritten to something else: names, imports, `__all__`, strings that tools read, prose."""
