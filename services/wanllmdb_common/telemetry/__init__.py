"""What a server tells those who watch over it: metrics for Prometheus, traces for OpenTelemetry."""
