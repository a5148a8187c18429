"""What is printed is what was given: paths that look like markup or emoji codes, and long lines."""

from rich.table import Table

from ndive.cli import main
from ndive.cli.console import console

ODD = "/data/:car:/[bold]/12:smile:.h5"


def test_text_and_tables_are_printed_as_they_are(capsys):
    table = Table(box=None)
    table.add_column(ODD)
    table.add_row(ODD)
    console().print(ODD)
    console().print(table)
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [ODD] * 3


def test_what_goes_to_stderr_is_not_folded(capsys):
    console(stderr=True).print(ODD * 30)
    assert capsys.readouterr() == ("", ODD * 30 + "\n")


def test_an_error_names_the_path_that_was_given(tmp_path, capsys):
    path = tmp_path / "[bold]" / ":car:.h5"
    assert main(["inspect", str(path)]) == 2
    assert capsys.readouterr().err == f"ndive: cannot read '{path}': No such file or directory\n"
