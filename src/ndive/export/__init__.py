"""A trained model, or the fit alone, for other runtimes; nothing is here yet but the room."""
