"""From a config to a spec: each module parses some of the keys."""
