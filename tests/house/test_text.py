from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {"var", "staticfiles", "node_modules"}
TEXT = {".py", ".md", ".toml", ".txt", ".html", ".css", ".js", ".svg", ".yml", ".example", ""}
# Put together here, so that this file does not find itself.
LEFT_FOR_LATER = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")


def ours():
    for folder, folders, files in os.walk(ROOT):
        hidden = [name for name in folders if name.startswith(".") and name != ".ci"]
        folders[:] = sorted(set(folders) - NOT_OURS - {"__pycache__"} - set(hidden))
        yield from (Path(folder, name) for name in files if Path(name).suffix in TEXT and name != ".env")


def test_nothing_is_left_for_later():
    left = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in ours()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if LEFT_FOR_LATER.search(line)
    ]

    assert not left
