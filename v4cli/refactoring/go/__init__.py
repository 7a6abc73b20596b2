"""Go: what the operations need to know of the language. One subject a file."""
