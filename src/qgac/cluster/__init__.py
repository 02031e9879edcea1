"""More pictures than one machine restores: work for a Ray cluster, files in object stores."""
