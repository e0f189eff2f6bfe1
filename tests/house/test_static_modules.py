"""Browsers keep hashed files for ever: each module must import the others by hashed names (storage.py)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "static" / "js").rglob("*.js"))
COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
# Any import or re-export with the file it names, whether or not Django's own patterns would see it.
IMPORT = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']""")
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")
GOOD_IMPORT = re.compile(r"""^import (?:[^;"']+ from )?["']\.{1,2}/(?:[a-z0-9-]+/)?[a-z0-9-]+\.js["'];$""")


@pytest.fixture
def collect(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "lsqportal.storage.HashedModulesStorage"},
    }

    def collect():
        call_command("collectstatic", interactive=False, verbosity=0)
        return settings.STATIC_ROOT

    return collect


def code(path):
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def test_django_still_has_the_private_name_that_we_narrow():
    pattern, rewritings = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]

    assert pattern == "*.js"
    assert len(rewritings) == 4


def test_an_import_is_rewritten_to_the_hashed_name(collect, settings, tmp_path):
    (tmp_path / "own" / "js").mkdir(parents=True)
    (tmp_path / "own" / "js" / "one.js").write_text('import "./two.js";\nimport { three } from "./two.js";\n')
    (tmp_path / "own" / "js" / "two.js").write_text("export const three = 3;\n")
    settings.STATICFILES_DIRS = [tmp_path / "own"]

    (one,) = [path for path in (collect() / "js").glob("one.*.js") if HASHED.search(path.name)]

    assert len(IMPORT.findall(code(one))) == 2
    assert all(HASHED.search(name) and (one.parent / name).is_file() for name in IMPORT.findall(code(one)))


def test_every_import_names_an_existing_hashed_file(collect):
    hashed = [path for path in (collect() / "js").rglob("*.js") if HASHED.search(path.name)]

    wrong = [
        f"{path.name}: {name}"
        for path in hashed
        for name in IMPORT.findall(code(path))
        if not HASHED.search(name) or not (path.parent / name).is_file()
    ]

    assert len(hashed) == len(MODULES)
    assert not wrong


def test_no_name_is_hashed_twice(collect):
    assert not [path.name for path in collect().rglob("*.js") if re.search(r"(\.[0-9a-f]{12}){2}\.js$", path.name)]


@pytest.mark.parametrize("module", MODULES, ids=[path.name for path in MODULES])
def test_imports_are_written_as_django_reads_them(module):
    lines = [line for line in code(module).splitlines() if line.strip()]
    imports = [line for line in lines if line.startswith("import")]

    assert lines[: len(imports)] == imports, "imports come first"
    assert all(GOOD_IMPORT.match(line) for line in imports), "one a line, a file beside it, with a semicolon"
    assert not re.search(r"^export\b[^=(]*\bfrom\b", code(module), re.MULTILINE), "no export … from"
