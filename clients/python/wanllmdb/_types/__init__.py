"""The arguments and results of the clients: frozen dataclasses and enums, with proto forms."""
