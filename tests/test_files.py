import errno
import os
import signal
import subprocess
import sys

import pytest

from ndive.errors import FileAccessError
from ndive.files import check_directory, reported, resolved, written_aside


def test_the_file_appears_when_the_block_ends_and_not_before(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with written_aside(path) as aside:
        aside.write_text("whole")
        assert not path.exists()
        assert aside.parent == path.parent
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failing_block_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), written_aside(path) as aside:
        aside.write_text("half \u20ac", encoding="ascii")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_failing_block_leaves_no_directory_that_was_made_for_it(tmp_path, error):
    (tmp_path / "was there").mkdir()
    with pytest.raises(error), written_aside(tmp_path / "was there" / "new" / "deep" / "a.txt"):
        raise error
    assert list(tmp_path.rglob("*")) == [tmp_path / "was there"]


def test_a_directory_that_holds_another_file_stays(tmp_path):
    other = tmp_path / "new" / "b.txt"
    with pytest.raises(FileAccessError, match="no room"), written_aside(tmp_path / "new" / "a.txt"):
        raise OSError(other.touch(), "no room")
    assert list((tmp_path / "new").iterdir()) == [other]


def test_the_rights_are_those_of_a_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with written_aside(tmp_path / "a.txt") as aside:
        aside.touch()
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "a.txt"
    with pytest.raises(FileAccessError, match=f"cannot write '{path}': "), written_aside(path):
        pytest.fail("there is nothing to write to")


def test_a_directory_is_refused_before_it_is_needed(tmp_path):
    check_directory(tmp_path / "new" / "deep")
    (tmp_path / "file").touch()
    with pytest.raises(FileAccessError, match=r"file' is not a directory"):
        check_directory(tmp_path / "file" / "deep")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_error_of_the_system_names_path_and_reason():
    told = r"cannot read 'a\.txt': No such file or directory"
    with pytest.raises(FileAccessError, match=told), reported("a.txt", "read"):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def test_a_pipe_in_the_place_of_the_file_is_refused_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileAccessError, match="no ordinary file"), written_aside(pipe) as aside:
        aside.write_text("new")
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_symbolic_link_is_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with written_aside(link) as aside:
        aside.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_links_are_followed_to_files_that_are_not_there_yet(tmp_path):
    (tmp_path / "link").symlink_to("middle")
    (tmp_path / "middle").symlink_to(tmp_path / "target")
    assert resolved(tmp_path / "link") == tmp_path / "target"
    assert resolved(tmp_path / "plain") == tmp_path / "plain"


@pytest.mark.parametrize("there", ["a", "b"])
def test_links_in_a_circle_are_one_line_and_stay(tmp_path, there):
    (tmp_path / "a").symlink_to(there)
    (tmp_path / "b").symlink_to("a")
    told = f"cannot follow '{tmp_path / 'a'}': Too many levels of symbolic links"
    with pytest.raises(FileAccessError, match=told), written_aside(tmp_path / "a"):
        pytest.fail("there is nothing to write to")
    assert (tmp_path / "a").is_symlink()


def test_what_a_killed_process_left_is_removed_when_the_file_is_written(tmp_path):
    path = tmp_path / "a[1].txt"
    code = (
        "import os, signal, sys; from ndive.files import written_aside\n"
        "with written_aside(sys.argv[1]) as aside:\n"
        "    aside.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == -signal.SIGKILL
    assert [one.suffix for one in tmp_path.iterdir()] == [".part"]
    with written_aside(path) as first, written_aside(path) as second:
        first.write_text("older")
        second.write_text("new")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "older"
