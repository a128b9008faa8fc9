"""What every replica does by itself from time to time; none of them is special."""
