"""Choose the parameters of runs: one module for each method."""
