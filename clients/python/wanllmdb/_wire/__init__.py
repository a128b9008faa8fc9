"""Between Python values and protobuf messages: everything that knows the wire format."""
