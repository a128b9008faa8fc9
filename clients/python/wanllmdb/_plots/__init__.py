"""Plots of sweeps with Plotly: each draws an answer of the services and computes nothing."""
