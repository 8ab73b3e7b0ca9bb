"""Instructions that a person wrote take the place of the program's own, file by file."""

import pytest

from kalshi_cli.bootstrap.templates import LONGEST, templates
from kalshi_cli.domain.deliberation import Role
from kalshi_cli.errors import ConfigError

STAGED = (Role.FORECASTER, Role.CRITIC, Role.TRADER)


def test_every_role_has_instructions_of_the_program_with_their_version():
    found = templates(Role, None)
    assert tuple(found) == tuple(Role)
    assert len({template.version for template in found.values()}) == 4
    assert all("It may contain" in template.text for template in found.values())


def test_a_directory_replaces_what_it_has(tmp_path):
    (tmp_path / "critic.md").write_text("Be strict.")
    (tmp_path / "README.md").write_text("Mine.")
    own, mine = templates(STAGED, None), templates(STAGED, tmp_path)
    assert mine[Role.CRITIC].text == "Be strict."
    assert mine[Role.CRITIC].version != own[Role.CRITIC].version
    assert mine[Role.FORECASTER] == own[Role.FORECASTER]


@pytest.mark.parametrize(
    ("name", "roles", "role"),
    [
        ("trader.md", STAGED, Role.TRADER),
        ("experiment-7.txt", STAGED, Role.FORECASTER),
        ("experiment-7.txt", (Role.ALL_IN_ONE,), Role.ALL_IN_ONE),
    ],
)
def test_a_file_is_that_of_its_name_or_of_whoever_is_asked_first(tmp_path, name, roles, role):
    (tmp_path / name).write_text("Mine.")
    found = templates(roles, tmp_path / name)
    assert [each.role for each in found.values() if each.text == "Mine."] == [role]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("forecaster.md", b"  \n", "is empty"),
        ("forecaster.md", b"x" * (LONGEST + 1), "more than"),
        ("forecaster.md", b"\xff\xfe", "cannot be read"),
        ("forcaster.md", b"Mine.", "is no role's prompt"),
        ("notes.txt", b"Mine.", "There is no prompt"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=reason) as raised:
        templates(STAGED, tmp_path)
    assert raised.value.remedy
    with pytest.raises(ConfigError, match="cannot be read"):
        templates(STAGED, tmp_path / "nothing.md")
