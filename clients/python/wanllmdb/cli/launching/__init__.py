"""Agents on this host, a Slurm cluster, Kubernetes or Ray, by those engines' own clients."""
