"""Predictions of trained models and the numbers that judge them; it returns tables and draws nothing."""
