"""Named sweep configs with placeholders: what they are, and how they become configs."""
