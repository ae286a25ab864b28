"""The plugin record: what it holds, how it may change, where it is kept."""
