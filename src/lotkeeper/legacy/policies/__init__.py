"""The old stock as plain rows, what is wrong with it, and what can be brought over. Pure functions."""
