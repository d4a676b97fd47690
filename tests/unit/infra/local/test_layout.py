import os
from pathlib import Path

from infra.local.layout import Layout

LONGEST_SOCKET_PATH = 107


def test_everything_lies_in_the_data_folder() -> None:
    layout = Layout.of(Path("/data/at"))

    assert {Path("/data/at")} == {path.parent for path in (layout.state_file, layout.lock_file, layout.cache_dir, layout.run_dir)}


def test_downloads_may_lie_elsewhere() -> None:
    assert Path("/cache") == Layout.of(Path("/data/at"), Path("/cache")).cache_dir


def test_sockets_of_a_deep_folder_get_a_short_one_of_their_own() -> None:
    deep = [Path("/" + "/".join([letter * 50] * 4)) for letter in "ab"]

    first, second = (Layout.of(folder).run_dir for folder in deep)

    assert first != second
    assert first == Layout.of(deep[0]).run_dir
    for run_dir in (first, second):
        assert len(os.fsencode(run_dir / "postgres" / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH


def test_the_length_of_a_path_is_counted_in_bytes() -> None:
    folder = Path("/" + "ü" * 45)

    assert Layout.of(folder).run_dir.parent != folder


def test_a_relative_folder_is_made_absolute() -> None:
    assert Layout.of(Path("x")).data_dir.is_absolute()
