"""The exchange's stream: `hub` tells every `session` what happened; neither knows a socket."""
