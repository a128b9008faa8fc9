"""Search spaces: the parameters, conditions and constraints of a sweep, for both services."""
