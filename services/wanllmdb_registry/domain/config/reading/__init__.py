"""From a config to a spec: what each key holds, whatever its value means."""
