"""xAI's Grok through its own SDK."""
