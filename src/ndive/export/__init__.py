"""A trained model, or the fit alone, for other runtimes."""
