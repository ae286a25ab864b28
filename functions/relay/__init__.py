"""From committed transitions to the queue or event that comes next."""
