"""The REST API: registers plugins, shows them, changes what is wanted of them."""
