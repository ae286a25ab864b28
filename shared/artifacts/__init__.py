"""From verified blobs to a stored executable: nothing is extracted to disk, memory is flat at any size.

`pull.py` is the way in; the readers (`compression.py`, `tar_reader.py`, `layers.py`, `executables.py`) are pure;
`s3_store.py` and `file_store.py` are the edges.
"""
