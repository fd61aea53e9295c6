"""The house: layers import downward, modules stay small, imports stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fltutor

PACKAGE = Path(fltutor.__file__).parent

LAYERS = {
    name: layer
    for layer, names in enumerate(
        [
            "words palette catalogue",
            "validate",
            "seeds threads memory",
            "vectors datasets models updates rows guard directions entropy",
            "clients task history stages aggregators compression accounting "
            "paillier signatures",
            "splitters engines algorithms toys promises robust poisoning attestation "
            "vertical",
            "rounds privacy secagg",
            "federation personal inversion membership",
            "systems evaluation plots checks",
            "lab",
            "lesson",
            "instructor",
            "cli",
            "course",
            "widgets",
        ]
    )
    for name in names.split()
}
# The package itself only forwards names, and `python -m fltutor` only starts the cli.
OUTSIDE = {"__init__", "__main__"}

# Where a library may be imported at all. Everything else is free above L4.
ONLY_IN = {
    "matplotlib": {"plots"},
    "ipywidgets": {"lab"},
    "anywidget": {"lab"},
    "click": {"cli"},
}
CORE = {"numpy", "torch"}
HEAVY = {"matplotlib", "ipywidgets", "sklearn", "flwr", "pandas", "pooch", "IPython"}

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40

FILES = sorted(PACKAGE.rglob("*.py"))


def identify(path):
    return path.relative_to(PACKAGE).as_posix()


def module_of(path):
    """Return the module of the table that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def public_name(name):
    """Return the module that `fltutor.name` comes from, None for plain data."""
    if name in LAYERS:
        return name
    return fltutor._NAMES.get(name)


def imported_modules(tree, path):
    """Yield (line, module of fltutor) for every import, at any depth."""
    package = ["fltutor", *path.relative_to(PACKAGE).parts[:-1]]
    aliases = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[0] == "fltutor" and len(parts) > 1:
                    yield node.lineno, parts[1]
                elif parts[0] == "fltutor":
                    aliases.add(alias.asname or "fltutor")
        elif isinstance(node, ast.ImportFrom):
            origin = package[: len(package) - node.level + 1] if node.level else []
            parts = [*origin, *(node.module.split(".") if node.module else [])]
            if parts[:1] != ["fltutor"]:
                continue
            if len(parts) > 1:
                yield node.lineno, parts[1]
            else:
                for alias in node.names:
                    yield node.lineno, public_name(alias.name)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in aliases
        ):
            yield node.lineno, public_name(node.attr)


def imported_libraries(nodes):
    """Yield (line, top-level library) for the imports among `nodes`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.lineno, node.module.split(".")[0]


def upward_imports(text, path):
    """Return the imports of a file that do not lead to a lower layer."""
    here = module_of(path)
    return [
        f"{identify(path)}:{line} imports {module} (L{LAYERS[module]})"
        for line, module in imported_modules(ast.parse(text), path)
        if module in LAYERS and module != here and LAYERS[module] >= LAYERS[here]
    ]


def long_functions(text):
    return [
        f"{node.name} (line {node.lineno}) has {node.end_lineno - node.lineno + 1}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    ]


def sources():
    """Yield (path, module of the table, text) for every file of the library."""
    for path in FILES:
        yield path, module_of(path), path.read_text(encoding="utf-8")


def test_every_module_has_its_layer():
    assert {module for _, module, _ in sources()} <= LAYERS.keys() | OUTSIDE


def test_imports_lead_downward():
    found = [
        upward_imports(text, path)
        for path, module, text in sources()
        if module not in OUTSIDE
    ]
    assert sum(found, []) == []


def test_modules_are_short():
    lines = {identify(path): len(text.splitlines()) for path, _, text in sources()}
    assert {name: n for name, n in lines.items() if n > MAX_MODULE_LINES} == {}


def test_functions_are_short():
    long = {identify(path): long_functions(text) for path, _, text in sources()}
    assert {name: functions for name, functions in long.items() if functions} == {}


def test_libraries_are_imported_where_they_belong():
    misplaced = [
        f"{identify(path)}:{line} imports {library}"
        for path, module, text in sources()
        for line, library in imported_libraries(ast.walk(ast.parse(text)))
        if module not in ONLY_IN.get(library, {module})
    ]
    assert misplaced == []


def test_the_core_imports_only_numpy_and_torch_at_its_top():
    free = CORE | sys.stdlib_module_names | {"fltutor"}
    misplaced = [
        f"{identify(path)}:{line} imports {library}; do so where it is needed"
        for path, module, text in sources()
        if LAYERS.get(module, 99) <= LAYERS["federation"]
        for line, library in imported_libraries(ast.parse(text).body)
        if library not in free
    ]
    assert misplaced == []


@pytest.mark.parametrize(
    ("text", "file", "module"),
    [
        ("from ..federation import Federation", "engines/a.py", "federation"),
        ("from .task import Task", "clients.py", "task"),
        ("from fltutor import Federation", "toys.py", "federation"),
        ("def f():\n    import fltutor.plots", "models.py", "plots"),
        ("import fltutor as ft\nx = ft.widgets", "plots/a.py", "widgets"),
        ("import fltutor as ft\nx = ft.Federation", "splitters.py", "federation"),
    ],
)
def test_an_upward_or_sideways_import_is_seen(text, file, module):
    (found,) = upward_imports(text, PACKAGE / file)
    assert f"imports {module} " in found


def test_an_import_inside_a_package_is_not_sideways():
    assert upward_imports("from .base import X", PACKAGE / "engines/a.py") == []
    assert upward_imports("from ..seeds import X", PACKAGE / "engines/a.py") == []


def test_a_long_function_is_seen():
    body = "    x = 1\n" * MAX_FUNCTION_LINES
    assert long_functions("def f():\n" + body)
    assert not long_functions("def f():\n" + body[: -len("    x = 1\n")])


def loaded(statement):
    """Return the top-level modules that a fresh Python holds after `statement`."""
    code = f"{statement}\nimport sys\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_importing_fltutor_loads_nothing_heavy():
    modules = loaded("import fltutor; dir(fltutor)")
    assert "fltutor" in modules
    assert modules & (HEAVY | CORE) == set()


def test_the_command_line_loads_nothing_heavy():
    modules = loaded("import fltutor.cli")
    assert "click" in modules
    assert modules & (HEAVY | CORE) == set()


def test_the_core_loads_no_plotting_no_widgets_no_scikit_learn():
    core = [
        name
        for name, layer in LAYERS.items()
        if layer <= LAYERS["federation"]
        and ((PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file())
    ]
    modules = loaded("\n".join(f"import fltutor.{name}" for name in core))
    assert modules & HEAVY == set()


def test_every_public_name_leads_to_a_module_of_the_table():
    assert set(fltutor._SUBMODULES) <= LAYERS.keys()
    assert set(fltutor._NAMES.values()) <= LAYERS.keys()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'fedavg'"):
        fltutor.fedavg  # noqa: B018 - looking it up is the test


def test_every_public_name_exists():
    code = (
        "from fltutor import *\nimport fltutor\n"
        "print(*[n for n in fltutor.__all__ if n not in globals()])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []


def test_what_is_announced_is_what_is_there():
    there = {path.name.removesuffix(".py") for path in PACKAGE.iterdir()}
    assert set(fltutor._SUBMODULES) <= there
