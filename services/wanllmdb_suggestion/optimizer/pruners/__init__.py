"""When a run that does badly is stopped before its end: W&B's hyperband, and Optuna's pruners."""
