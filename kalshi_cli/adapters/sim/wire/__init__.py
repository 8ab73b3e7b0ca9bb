"""What the exchange writes and reads: documents of its objects, parameters, bodies, errors."""
