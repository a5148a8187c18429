"""`--switch true` and `--switch false`, as the published command line writes them."""

from collections.abc import Sequence

WORDS = ("true", "false")


def joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with each option and a `true` or `false` behind it made one, as in `--switch=false`.

    A switch alone takes no word, so that the word would be taken for something else.
    """
    done: list[str] = []
    for argument in arguments:
        if argument.lower() in WORDS and done and done[-1].startswith("-") and "=" not in done[-1]:
            done[-1] += f"={argument}"
        else:
            done.append(argument)
    return done
