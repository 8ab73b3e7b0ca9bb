"""What a request must bring: a signature, a place in the budget, a scope."""
