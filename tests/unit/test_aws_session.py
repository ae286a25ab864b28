"""The session behind the clients: cheaper than boto3's, and otherwise the same."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import DataNotFoundError, UnknownServiceError

from shared.aws import client
from shared.aws_session import session

#: What the functions call, and what botocore itself calls for credentials.
SERVICES = ["dynamodb", "ecr", "events", "s3", "secretsmanager", "sqs", "ssm", "sts"]


@pytest.fixture(autouse=True)
def _own_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A session of this test alone."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    session.cache_clear()
    yield
    session.cache_clear()


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_is_the_one_that_botocore_makes(service: str) -> None:
    """Class, operations, endpoint, region and API version do not depend on how models are listed."""
    own, plain = client(service), botocore.session.Session().create_client(service)
    assert type(own).__name__ == type(plain).__name__
    assert own.meta.endpoint_url == plain.meta.endpoint_url
    assert own.meta.region_name == "eu-west-1"
    assert own.meta.service_model.api_version == plain.meta.service_model.api_version
    assert own.meta.method_to_api_mapping == plain.meta.method_to_api_mapping


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1"])
def test_each_partition_has_its_endpoint(region: str) -> None:
    """A client of another region has that region's domain."""
    plain = botocore.session.Session().create_client("sqs", region_name=region)
    assert client("sqs", region_name=region).meta.endpoint_url == plain.meta.endpoint_url


def test_every_service_of_botocore_is_known() -> None:
    """Nothing that botocore lists is missing."""
    loader, plain = (made.get_component("data_loader") for made in (session(), botocore.session.Session()))
    assert set(plain.list_available_services("service-2")) <= set(loader.list_available_services("service-2"))


def test_an_unknown_service_is_refused() -> None:
    """Its name is no directory, so botocore's own error comes."""
    with pytest.raises(UnknownServiceError):
        client("no-such-service")


def test_a_directory_without_a_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only looks like a service fails with the error that botocore documents."""
    (tmp_path / "hollow" / "2024-01-01").mkdir(parents=True)
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    with pytest.raises(DataNotFoundError):
        client("hollow")


def test_models_of_the_data_path_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`AWS_DATA_PATH` works as it does in botocore."""
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    assert str(tmp_path) in session().get_component("data_loader").search_paths


def test_paginators_and_waiters_work() -> None:
    """They are looked for by the same loader, also where a service has none."""
    assert client("dynamodb").can_paginate("scan")
    assert client("s3").waiter_names
    assert client("events").waiter_names == []


def test_clients_share_one_session() -> None:
    """The second client finds endpoints and credentials loaded."""
    assert session() is session()


def test_a_client_loads_no_boto3() -> None:
    """Its resources and S3 transfers cost a fifth of a cold start and are not used."""
    code = "import json, sys; from shared.aws import client; client('sqs'); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"boto3", "s3transfer"} & set(json.loads(done.stdout))
