"""Live scenarios: what needs the real services. Each module is a row of the table."""
