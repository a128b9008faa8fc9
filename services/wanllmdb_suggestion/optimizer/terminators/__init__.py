"""Rules that finish a sweep when more runs are unlikely to improve its result."""
