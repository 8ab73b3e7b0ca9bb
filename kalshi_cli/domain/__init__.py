"""The exchange's words as values: pure, exact, and free of input and output."""
