"""Benchmarks: `python -m tests.benchmarks [NAME …] [--json]`; figures with the machine are in docs/benchmarks.md."""
