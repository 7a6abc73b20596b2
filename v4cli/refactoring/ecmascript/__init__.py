"""JavaScript and TypeScript: what the operations need to know of these languages. One subject a file."""
