"""The programs of measuring start: `make bench` reports and never fails, so nothing else tells."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("program", ["tests.bench", "tests.studies"])
def test_every_part_can_be_imported(program: str):
    """As `make` starts it: from the project's root, without the paths that pytest adds."""
    code = f"import {program}.__main__"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr


def test_memory_does_not_grow_with_the_exchange(tmp_path: Path):
    """Sixteen thousand markets beside two thousand: all pages at once would be 60 MB more."""
    code = (
        "import json, sys; from pathlib import Path; from tests.bench.ingest import peak_of;"
        "print(json.dumps([peak_of(Path(sys.argv[1]) / str(n), n) for n in (200, 1600)]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    small, large = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=-1).stdout)
    assert 30 < small < large < small + 30
