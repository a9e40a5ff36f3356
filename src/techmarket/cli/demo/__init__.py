"""The demonstration (演示): one achievement's whole way, driven through the public HTTP API and nothing else."""
