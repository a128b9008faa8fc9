"""Agents on this host, a Slurm cluster or Kubernetes, by those engines' own clients."""
