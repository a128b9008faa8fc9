"""Early termination of runs: W&B's hyperband, and Optuna's pruners."""
