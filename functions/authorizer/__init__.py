"""Says who calls the API, or that nobody may."""
