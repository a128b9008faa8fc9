"""Each RPC as a function that builds its request: one module for each subject."""
