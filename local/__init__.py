"""The local stack: the same template on a local AWS emulator, without Docker and without root."""
