"""The scorers: pure functions that look at one case and its replies and return marks."""
