"""The `plugport` command: a thin client of the REST API, on the same shared code."""
