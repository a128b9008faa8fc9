"""The registry as this service sees it: the channel, the client and the conversion of messages."""
