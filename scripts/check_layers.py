#!/usr/bin/env python3
"""Reads every #include of the project and refuses an edge that does not point down the layers.

Exit 0 when all edges are allowed, 1 with one line per surprise otherwise.
"""
import pathlib
import re
import sys

LAYERS = [
    ["base"],
    ["json", "os"],
    ["config", "git", "http", "runner", "store"],
    ["codex", "jobs", "workspace", "artifacts"],
    ["mcp", "workers"],
    ["transport", "tools", "connector", "demo"],
    ["app"],
    ["cli"],
]
LEVEL = {module: level for level, row in enumerate(LAYERS) for module in row}

# Modules that keep clear of more than their row demands.
ONLY = {
    "mcp": {"base", "json", "config"},
    "transport": {"base", "json", "os", "config", "http", "mcp"},
    "http": {"base", "os"},
    "app": None,
}

# Each outside library has one home.
LIBRARIES = {
    "httplib.h": {"http"},
    "yaml-cpp/": {"config"},
    "git2": {"git"},
    "sqlite3.h": {"store"},
    "CLI/": {"cli"},
    "spdlog/": {"base"},
    "openssl/": {"base"},
    "regex>": set(),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def module_of(path: pathlib.Path, root: pathlib.Path):
    parts = path.relative_to(root).parts
    if parts[0] == "include":
        return parts[2]
    return parts[1]


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    problems = []
    seen = set()
    for top in ("src", "include/patchbay"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            module = module_of(path, root)
            seen.add(module)
            if module not in LEVEL:
                problems.append(f"{path.relative_to(root)}: module '{module}' is in no layer")
                continue
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                where = f"{path.relative_to(root)}:{number}"
                target = match.group(2)
                for library, homes in LIBRARIES.items():
                    if (target + match.group(1).replace("<", ">")).startswith(library) and module not in homes:
                        problems.append(f"{where}: {target} belongs to {sorted(homes) or 'nobody'}")
                if target.startswith("patchbay/"):
                    other = target.split("/")[1]
                elif match.group(1) == '"' and "/" in target:
                    other = target.split("/")[0]
                    if other != module and other in LEVEL:
                        problems.append(f"{where}: private header of {other}")
                else:
                    continue
                if other == module:
                    continue
                if other not in LEVEL:
                    problems.append(f"{where}: unknown module '{other}'")
                elif LEVEL[other] >= LEVEL[module]:
                    problems.append(f"{where}: {module} (layer {LEVEL[module]}) includes {other} (layer {LEVEL[other]})")
                elif ONLY.get(module) is not None and other not in ONLY[module]:
                    problems.append(f"{where}: {module} keeps clear of {other}")
    for problem in problems:
        print(problem)
    print(f"check_layers: {len(seen)} modules, {len(problems)} surprising edges")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
