"""What every function and the CLI share; deployed as a layer, imported by its path in the repository."""
