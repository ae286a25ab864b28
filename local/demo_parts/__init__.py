"""The real parts that the demo takes through the system: executables, packages, a registry's contents, servers."""
