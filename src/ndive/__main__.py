"""`python -m ndive`."""

from ndive.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
