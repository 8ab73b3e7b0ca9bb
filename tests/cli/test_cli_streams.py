"""Streams that are closed or full: one line where there is somebody to tell, and never a traceback.

Run in processes of their own, whose streams the shell closes.
"""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest


def run(tmp_path: Path, command: str) -> subprocess.CompletedProcess[str]:
    script = f"{sys.executable} -m kalshi_cli {command.replace('HOME', f'--home {tmp_path}')}"
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("command", ["config show HOME", "config show HOME --json", "--help"])
def test_a_closed_stdout_is_told_and_no_error(tmp_path: Path, command: str):
    ended = run(tmp_path, f"{command} >&-")
    assert ended.returncode == 0
    assert ended.stderr.splitlines()[0] == (
        "warning: stdout is closed: the result is shown to nobody."
    )
    assert "error" not in ended.stderr


def test_an_error_breaks_between_words_on_a_terminal(tmp_path: Path):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    given = ["status", "--sim", "--home", str(tmp_path), "--nonsense"]
    subprocess.run([sys.executable, "-m", "kalshi_cli", *given], stderr=theirs, check=False)
    os.close(theirs)
    lines = os.read(ours, 10_000).decode().splitlines()
    os.close(ours)
    assert len(lines) > 1
    assert max(map(len, lines)) <= 40
    elsewhere = run(tmp_path, "status --sim HOME --nonsense").stderr
    assert " ".join(lines) == elsewhere.strip()


@pytest.mark.parametrize("where", ["&-", "/dev/full"])
def test_the_result_comes_although_nobody_can_be_told(tmp_path: Path, where: str):
    if where == "/dev/full" and not Path(where).exists():
        pytest.skip("this system has no /dev/full")
    ended = run(tmp_path, f"status --sim HOME 2>{where}")
    assert ended.returncode == 0
    assert ended.stdout.startswith("state")
    wrong = run(tmp_path, f"status --nonsense HOME 2>{where}")
    assert (wrong.returncode, wrong.stdout) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "command", ["status --sim HOME -q", "config show HOME --json", "--version"]
)
def test_a_full_disk_is_told_in_one_line(tmp_path: Path, command: str):
    ended = run(tmp_path, f"{command} >/dev/full")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: Cannot write the output: No space left on device.")
