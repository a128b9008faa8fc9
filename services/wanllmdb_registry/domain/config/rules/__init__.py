"""Which values a spec may have. Each rule yields a path in the config and a sentence."""
