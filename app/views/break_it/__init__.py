"""Break it: change as few pixels as possible so that the network answers something else."""
