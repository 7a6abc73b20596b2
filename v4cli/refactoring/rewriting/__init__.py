"""Text in the place of one definition or region: where it goes, and what has to hold for it to be taken."""
