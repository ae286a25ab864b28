"""The deployed local stack as tests, demo and benchmarks use it."""

import os
import sys
from dataclasses import dataclass
from typing import Any, Final, Self

from local.emulator import HOST, endpoint_url, is_running
from local.errors import LocalError
from local.paths import PLUGINS, TOKEN_FILE
from local.state import State

STACK_NAME: Final = "plugport"
REGION: Final = "us-east-1"
#: The emulator's root user.
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
#: Who may send ECR's push events here; on AWS only AWS may, as `aws.ecr`.
LOCAL_ECR_SOURCE: Final = "plugport.local.ecr"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack.

    Attributes:
        state: what runs and its outputs.
    """

    state: State

    @classmethod
    def current(cls) -> Self:
        """Give the running stack; raises `LocalError` when there is none."""
        state = State.load()
        if not state.fingerprint or not is_running(state):
            raise LocalError("the local stack is not up", "Run: make up")
        return cls(state)

    @property
    def aws_endpoint_url(self) -> str:
        """The emulator, for `AWS_ENDPOINT_URL`."""
        return endpoint_url(self.state)

    @property
    def api_url(self) -> str:
        """Root of the REST API; routes follow, e.g. `/api/v1/plugins`."""
        outputs = self.state.outputs
        return f"{self.aws_endpoint_url}/_aws/execute-api/{outputs['ApiId']}/{outputs['Stage']}"

    @property
    def registry(self) -> str:
        """`host:port` of the embedded registry (the emulator's ECR); a repository must be created before a push."""
        return f"{HOST}:{self.state.port}"

    @property
    def side_registry_port(self) -> int:
        """Port on `HOST` of a further registry that is asked over plain HTTP, for `running_registry(port=…)`."""
        return _side_registry_port(self.state)

    @property
    def token(self) -> str:
        """The administrator's token."""
        return TOKEN_FILE.read_text().strip()

    @property
    def outputs(self) -> dict[str, str]:
        """Outputs of the CloudFormation stack."""
        return self.state.outputs

    def client(self, service: str) -> Any:
        """Make an AWS client of the emulator's root user."""
        return client(self.state, service)


def client(state: State, service: str) -> Any:
    """Make an AWS client of the emulator's root user."""
    import boto3  # noqa: PLC0415 - `status` and `down` are instant without it
    from botocore.config import Config  # noqa: PLC0415 - same

    return boto3.client(  # type: ignore[call-overload]  # the stubs want a literal name
        service,
        endpoint_url=endpoint_url(state),
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version="s3v4" if service == "s3" else None, retries={"total_max_attempts": 3}),
    )


def aws_environment(state: State) -> dict[str, str]:
    """Give the environment in which the AWS tools speak to the emulator and to nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **CREDENTIALS, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": endpoint_url(state)}


def parameters(state: State) -> dict[str, str]:
    """Give the template's parameters on this machine."""
    registry = f"{HOST}:{state.port}"
    return {
        # The emulator runs functions on its own Python.
        "PythonRuntime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "Architecture": "arm64" if os.uname().machine in {"arm64", "aarch64"} else "x86_64",
        "AllowInternalNetworkAccess": "true",
        # The emulator speaks plain HTTP and enforces the bucket's policy.
        "BucketTlsOnly": "off",
        "OciInsecureRegistries": f"{registry},{HOST}:{_side_registry_port(state)}",
        "FilePluginMounts": str(PLUGINS),
        "EcrRegistryHost": registry,
        "LocalEcrSource": LOCAL_ECR_SOURCE,
    }


def _side_registry_port(state: State) -> int:
    """Give the emulator's neighbour: known before anything is deployed, and another one for each checkout."""
    return state.port + 1
