"""What the client takes and returns: frozen dataclasses and enums, free of protobuf."""
