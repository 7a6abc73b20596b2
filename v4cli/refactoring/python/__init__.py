"""What the operations know about Python source: scopes, imports, signatures, and how to edit them in place."""
