"""The SweepRegistryService: protobuf at the door, the domain behind it."""
