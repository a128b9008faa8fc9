"""The servicers, and what surrounds their calls: request checks, access rules, authentication."""
