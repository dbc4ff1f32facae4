"""``export -o``: what is named is replaced only if it is an ordinary file; and what a full disk ends in.

Never on the machine's own devices: a program that renames a file over them, run as root, would destroy them.
"""

import os
import pty
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import build, environment

ROWS = "job,namespace,"


@pytest.fixture
def filled(put):
    put(builds=[build("deploy-orders", 1)])


@pytest.fixture
def full(tmp_path):
    """Return a device of our own to which nothing can be written because it is full."""
    path = tmp_path / "full"
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        os.close(os.open(path, os.O_WRONLY))
    except PermissionError:
        pytest.skip("only root may make devices, and not everywhere")
    return path


@pytest.mark.usefixtures("filled")
def test_a_fifo_is_written_and_stays_one(run, tmp_path):
    fifo = tmp_path / "rows"
    os.mkfifo(fifo)
    read = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()), daemon=True)
    reader.start()
    done = run("export", "builds", "-o", "rows")
    reader.join(20)
    assert done.returncode == 0 and stat.S_ISFIFO(fifo.stat().st_mode)
    assert read[0].startswith(ROWS) and "deploy-orders" in read[0]


@pytest.mark.usefixtures("filled")
def test_a_terminal_is_written_and_stays_one(run):
    leader, follower = pty.openpty()
    name = os.ttyname(follower)
    done = run("export", "builds", "-o", name)
    assert done.returncode == 0 and stat.S_ISCHR(Path(name).stat().st_mode)
    assert os.read(leader, 4096).startswith(ROWS.encode())
    os.close(leader)
    os.close(follower)


@pytest.mark.usefixtures("filled")
def test_a_link_stays_and_the_file_behind_it_is_replaced_with_its_mode(run, tmp_path):
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "rows.csv"
    target.write_text("old")
    target.chmod(0o604)
    (tmp_path / "link.csv").symlink_to("there/rows.csv")
    assert run("export", "builds", "-o", "link.csv").returncode == 0
    assert (tmp_path / "link.csv").readlink() == Path("there/rows.csv")
    assert target.read_text().startswith(ROWS) and stat.S_IMODE(target.stat().st_mode) == 0o604
    assert [each.name for each in target.parent.iterdir()] == ["rows.csv"]


@pytest.mark.usefixtures("filled")
def test_a_link_to_nothing_yet_makes_the_file_that_it_names(run, tmp_path):
    (tmp_path / "link.csv").symlink_to("rows.csv")
    assert run("export", "builds", "-o", "link.csv").returncode == 0
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "rows.csv").read_text().startswith(ROWS)


@pytest.mark.usefixtures("filled")
def test_the_file_that_stdout_is_already_is_not_replaced_under_the_shell(run, tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    with log.open("a") as out:
        argv = [
            sys.executable,
            "-m",
            "statusdesk",
            "-c",
            str(tmp_path / "config.toml"),
            "export",
            "builds",
            "-o",
            "log",
        ]
        subprocess.run(argv, cwd=tmp_path, stdout=out, stderr=subprocess.DEVNULL, env=environment(tmp_path), check=True)
    assert log.read_text().startswith("before\n" + ROWS)


@pytest.mark.usefixtures("filled")
def test_a_directory_is_one_sentence(run, tmp_path):
    (tmp_path / "there").mkdir()
    done = run("export", "builds", "-o", "there")
    assert (done.returncode, done.stderr) == (2, "statusdesk: there is a directory; name a file in it\n")
    assert (tmp_path / "there").is_dir()


@pytest.mark.usefixtures("filled")
def test_a_full_device_is_one_sentence_and_stays_a_device(run, full):
    done = run("export", "builds", "-o", "full")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "statusdesk: the output cannot be written: the disk is full; it is not complete\n"
    assert stat.S_ISCHR(full.stat().st_mode)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("argv", [["export", "builds"], ["status"], ["check", "store"]])
def test_a_full_disk_behind_stdout_is_one_sentence(config, tmp_path, full, argv):
    words = [sys.executable, "-m", "statusdesk", "-c", str(config), *argv]
    with full.open("w") as out:
        done = subprocess.run(
            words, stdout=out, stderr=subprocess.PIPE, text=True, env=environment(tmp_path), check=False, timeout=60
        )
    assert done.returncode == 3
    assert done.stderr == "statusdesk: the output cannot be written: the disk is full; it is not complete\n"
