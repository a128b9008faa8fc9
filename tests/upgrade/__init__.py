"""An upgrade under load from an older commit of this repository: `python -m tests.upgrade`."""
