"""The command line: a file a verb, thin, no physics."""

from ndive.cli.app import main as main
