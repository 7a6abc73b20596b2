"""Module-level functions that become methods: what stands in the way, and the class text."""
