"""Where alerts are told: one file per kind of sink, and the teller that runs them beside the collector."""
