"""Files that are received: what dead processes left is removed."""

import os

from api.service.uploads import remove_left_files


def test_files_of_running_processes_stay(tmp_path):
    ours = f"{os.getpid()}-new.part"
    former = f"{os.getpid()}-old.part"  # of a process that had our number before
    names = [f"{os.getppid()}-a.part", ours, former, "4194305-c.part", "left.part"]
    for name in names:
        (tmp_path / name).touch()
    os.utime(tmp_path / former, (0, 0))
    remove_left_files(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {names[0], ours}
    remove_left_files(tmp_path / "none")
