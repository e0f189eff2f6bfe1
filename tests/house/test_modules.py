from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    path
    for package in ("activities", "lsqportal")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
]
SAY_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "service",
    "services",
    "core",
    "common",
    "manager",
    "managers",
}
LONGEST_FUNCTION = 50

of_each_module = pytest.mark.parametrize("module", MODULES, ids=[path.relative_to(ROOT).as_posix() for path in MODULES])


@of_each_module
def test_a_module_is_named_after_what_it_does(module):
    names = {*module.relative_to(ROOT).parent.parts, module.stem}

    assert not names & SAY_NOTHING


@of_each_module
def test_a_module_says_what_it_owns(module):
    tree = ast.parse(module.read_text(encoding="utf-8"))

    assert ast.get_docstring(tree) or not tree.body


@of_each_module
def test_a_function_fits_on_a_screen(module):
    tree = ast.parse(module.read_text(encoding="utf-8"))

    lengths = {
        node.name: (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}
