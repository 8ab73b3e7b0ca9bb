"""The exchange over REST: signing, wire format, outcomes, and the two exchange ports."""
