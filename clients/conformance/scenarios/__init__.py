"""Scenarios with scripted services, by what they are about."""
