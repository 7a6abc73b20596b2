"""Moving definitions between Python modules: what is cut out, what it needs, where it goes, who imports it."""
