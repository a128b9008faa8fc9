"""When a sweep finishes by itself because going on is not worth it."""
