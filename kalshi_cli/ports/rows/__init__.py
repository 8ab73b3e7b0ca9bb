"""What a person looks up, row by row."""
