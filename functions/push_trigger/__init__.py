"""A push to a registry or an upload to the bucket → a new generation of the plugins that follow it."""
