"""The registry client: reads from any OCI registry and believes nothing that it can't check itself."""
