"""Language-neutral cases, run through the project's real code: `python -m tests.conformance`."""
