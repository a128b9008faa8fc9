"""What the runs of a sweep say: columns of them, and the mathematics of every plot."""
