"""How a plugin is: one probe per kind of command, one value for what it found, one fold over time.

`results.py`, `wire.py` and `grpc_failures.py` are pure; `grpc_probe.py` is the only module that imports `grpc`,
`file_probe.py` looks at mounted paths, `object_probe.py` and `s3_objects.py` at stored artifacts.
"""
