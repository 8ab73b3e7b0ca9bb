"""From proposals to stakes: edges, exposure, and how much to bet."""
