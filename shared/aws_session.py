"""The botocore session behind every client. Loads what a client needs and no more (docs/adr/0018)."""

import os
from functools import cache

from botocore.loaders import Loader
from botocore.session import Session


class ModelLoader(Loader):
    """botocore's loader of API models, without its walk over the models of 441 services.

    botocore asks for the list of services twice for each client, only to see that the one wanted is in it, and opens
    each service's directories to answer. Here their names are the answer: a directory without a model fails a moment
    later with `DataNotFoundError`, which `UnknownServiceError` is, too.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """Give the names of the directories that models may lie in, sorted."""
        return sorted({name for path in self.search_paths if os.path.isdir(path) for name in os.listdir(path)})  # noqa: PTH112, PTH208 - pathlib would be an import for two lines


@cache
def session() -> Session:
    """Give the process's session: clients share its models, endpoints and credentials, as boto3's default ones do."""
    made = Session()
    known = made.get_component("data_loader")
    own = ModelLoader(extra_search_paths=list(known.search_paths), include_default_search_paths=False)
    made.register_component("data_loader", own)
    return made
