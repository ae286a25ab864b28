"""What importing costs."""

import subprocess
import sys

PROGRAM = """
import sys
import shared.egress
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"requests", "urllib3", "grpc", "boto3", "botocore", "certifi"}))
"""


def test_package_is_light() -> None:
    """A function that resolves and dials loads neither requests nor urllib3 nor grpc."""
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_http_names_are_there_on_demand() -> None:
    """The HTTP side is part of the package's names, and unknown names are not."""
    import shared.egress as package  # noqa: PLC0415 - the import is the subject

    for name in package.__all__:
        assert getattr(package, name) is not None
    assert not hasattr(package, "nonsense")
