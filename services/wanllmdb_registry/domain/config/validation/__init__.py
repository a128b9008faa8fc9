"""Which values a spec may have: each rule yields a path in the config and a sentence."""
