"""The schema's history. Numbered files, never edited once released; one head."""
