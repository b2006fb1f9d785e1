"""Gate of the operator's page: a process of its own that accepts every connection, stops, and limits all else."""
