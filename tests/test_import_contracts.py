"""Every module of ours stands in a contract that says what it may not import."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
WIRED = {"__init__", "__main__", "listen", "metrics", "snapshot", "systemd"}
"""The front, and what a collector process tells of itself: only ``watch`` loads these."""


def test_no_module_may_import_anything():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    bound = {module for contract in contracts for module in contract["source_modules"]}
    modules = {path.stem for path in (ROOT / "statusdesk").glob("*.py")} - WIRED
    assert {each for each in modules if f"statusdesk.{each}" not in bound} == set()
