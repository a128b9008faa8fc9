"""What the clients take and return: frozen dataclasses and enums, with their proto forms."""
