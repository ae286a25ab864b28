"""Hosts of private Amazon ECR registries: account and region are in the name.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html, endpoints:
https://docs.aws.amazon.com/general/latest/gr/ecr.html. `public.ecr.aws` is another service: it takes no such password.
"""

import re
from typing import Final, NamedTuple

ECR_USER: Final = "AWS"

_REGION: Final = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2})"
_HOSTS: Final = (
    re.compile(
        rf"(?P<account>[0-9]{{12}})\.dkr\.ecr(?P<fips>-fips)?\.{_REGION}"
        r"\.(?P<domain>amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov"
        r"|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)",
        re.ASCII,
    ),
    re.compile(  # dual stack
        rf"(?P<account>[0-9]{{12}})\.dkr-ecr(?P<fips>-fips)?\.{_REGION}\.on\.(?P<domain>aws|amazonwebservices\.com\.cn)",
        re.ASCII,
    ),
)
_CHINA: Final = "cn-"


class EcrRegistry(NamedTuple):
    """A private registry.

    Attributes:
        account: 12 digits.
        region: as AWS writes it.
        fips: the FIPS endpoint was named, so the API call uses the FIPS endpoint, too.
    """

    account: str
    region: str
    fips: bool


def parse_ecr_host(host: str) -> EcrRegistry | None:
    """Give account and region of an ECR host (canonical, without port); None if it is another host.

    A region of one partition under the domain of another is no ECR host: the domain decides who answers.
    """
    for pattern in _HOSTS:
        match = pattern.fullmatch(host)
        if match is not None:
            if match["region"].startswith(_CHINA) != match["domain"].endswith(".cn"):
                return None
            return EcrRegistry(match["account"], match["region"], fips=match["fips"] is not None)
    return None
