"""The testee of the Python client: carries out what clients/conformance asks for."""
