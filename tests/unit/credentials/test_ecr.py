"""Hosts of private ECR registries."""

import pytest

from shared.credentials import EcrRegistry, parse_ecr_host


@pytest.mark.parametrize(
    ("host", "region", "fips"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "us-east-1", False),
        ("123456789012.dkr.ecr.ap-southeast-2.amazonaws.com", "ap-southeast-2", False),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", False),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", True),
        ("123456789012.dkr-ecr.eu-central-1.on.aws", "eu-central-1", False),
        ("123456789012.dkr-ecr-fips.us-east-2.on.aws", "us-east-2", True),
        ("123456789012.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn", "cn-northwest-1", False),
        ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", False),
    ],
)
def test_account_and_region_are_in_the_name(host: str, region: str, *, fips: bool) -> None:
    """Every partition's form gives account, region and whether FIPS is asked for."""
    assert parse_ecr_host(host) == EcrRegistry("123456789012", region, fips)


@pytest.mark.parametrize(
    "host",
    [
        "public.ecr.aws",
        "12345678901.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example",
        "x.123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com",
        "123456789012.dkr.ecr.useast1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.example.com",
        "123456789012-dkr-ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com\n",
        "ghcr.io",
    ],
)
def test_other_hosts_are_not_ecr(host: str) -> None:
    """Look-alikes, public ECR and regions under another partition's domain are no private registries."""
    assert parse_ecr_host(host) is None
