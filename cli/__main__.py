"""`python -m cli` is the `plugport` command."""

from cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
