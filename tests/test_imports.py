"""Imports go one way, in the order of the data: from files over coefficients and networks to pictures and commands."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import qgac

ROOT = Path(qgac.__file__).parent

CORE = {"jpeg", "coefficients", "models", "weights", "engine", "pixels", "restoration"}
# What each folder may import besides itself.
ALLOWED: dict[str, set[str]] = {
    "jpeg": set(),
    "coefficients": set(),
    "metrics": {"extras"},
    "files": set(),
    "processors": set(),
    "extras": set(),
    "models": {"coefficients"},
    "weights": {"models", "files", "processors"},
    "engine": {"coefficients", "models", "weights", "files", "processors"},
    "pixels": {"jpeg", "coefficients"},
    "restoration": {"jpeg", "coefficients", "models", "engine", "extras", "pixels"},
    "pictures": {"files", "jpeg", "restoration", "processors"},
    "containers": {"extras", "files", "jpeg", "coefficients", "pictures", "restoration"},
    "batch": {"files", "jpeg", "coefficients", "pictures", "processors", "pixels", "restoration", "containers"},
    "inspection": {"jpeg", "coefficients", "containers", "pixels"},
    "training": CORE | {"files", "metrics", "pictures", "processors"},
    "evaluation": CORE | {"files", "metrics", "pictures", "processors", "cluster", "__init__"},
    "analysis": CORE | {"files", "metrics", "pictures", "processors", "evaluation"},
    "cluster": {"files", "pictures", "batch", "processors", "restoration", "__init__"},
    "web": CORE | {"pictures", "containers", "batch", "inspection"},
    "commands": CORE
    | {"files", "metrics", "pictures", "containers", "batch", "cluster", "inspection"}
    | {"training", "evaluation", "analysis", "web"},
    "cli": {"commands", "extras"},
    "__main__": {"cli"},
    "__init__": CORE | {"batch", "metrics", "pictures", "extras"},
}
HEAVY = {"numpy", "numba", "llvmlite", "onnxruntime", "torch"}
# What a module, or every module of a folder, may load of those; the longest name that fits decides.
MAY_LOAD: dict[str, set[str]] = {
    "qgac": HEAVY,
    "qgac.__init__": set(),
    "qgac.__main__": set(),
    "qgac.cli": set(),
    "qgac.commands": set(),
    "qgac.extras": set(),
    "qgac.files": set(),
    "qgac.jpeg": {"numpy"},
    "qgac.jpeg.errors": set(),
    "qgac.jpeg.limits": set(),
    "qgac.jpeg.machine_code": {"llvmlite"},
    "qgac.batch": {"numpy"},
    "qgac.cluster": {"numpy"},
    "qgac.containers": {"numpy"},
    "qgac.containers.kinds": set(),
    "qgac.coefficients.block_dct": {"numpy"},
    "qgac.coefficients.quantization": {"numpy"},
    "qgac.coefficients.sample_range": set(),
    "qgac.engine": {"numpy"},
    "qgac.engine.export": {"numpy", "torch", "onnxruntime"},
    "qgac.engine.onnx_engine": {"numpy", "onnxruntime"},
    "qgac.engine.runtime": {"numpy", "onnxruntime"},
    "qgac.engine.single_file": {"numpy", "torch", "onnxruntime"},
    "qgac.engine.torch_engine": {"numpy", "torch"},
    "qgac.engine.sizes": {"numpy", "torch", "onnxruntime"},
    "qgac.engine.tracing": {"numpy", "torch"},
    "qgac.metrics": {"numpy"},
    "qgac.models.configuration": set(),
    "qgac.pictures": {"numpy"},
    "qgac.pixels": {"numpy"},
    "qgac.restoration": {"numpy"},
    "qgac.weights": {"numpy"},
    "qgac.weights.checkpoints": {"numpy", "torch"},
    "qgac.metrics.frechet": {"numpy", "torch"},
    "qgac.metrics.st_lpips": {"numpy", "torch"},
    "qgac.processors": set(),
    "qgac.web": {"numpy"},
    "qgac.web.limits": set(),
    # What states the paper's figures, or only formats one's own.
    "qgac.evaluation.ablations": {"numpy"},
    "qgac.evaluation.gains": {"numpy"},
    "qgac.evaluation.published": {"numpy"},
    "qgac.evaluation.record": {"numpy"},
    "qgac.evaluation.results": {"numpy"},
    "qgac.evaluation.tables": {"numpy"},
    "qgac.evaluation.test_sets": {"numpy"},
}


def name_of(path: Path) -> str:
    """The dotted name of a module; that of a package ends with its ``__init__``."""
    return ".".join(("qgac", *path.relative_to(ROOT).with_suffix("").parts))


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def home(module: str) -> str:
    return module.split(".")[1]


def _imports(tree: ast.AST, *, executed: bool) -> Iterator[str]:
    """Names that a module imports; only those that importing it executes, or all."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (executed and _waits(node)):
            yield from _imports(node, executed=executed)


def _waits(node: ast.AST) -> bool:
    """Whether the statement does not run when its module is imported."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


@cache
def imported(module: str, *, executed: bool) -> frozenset[str]:
    """The project's modules and other libraries that a module imports."""
    found = set()
    for name in _imports(ast.parse(MODULES[module].read_text()), executed=executed):
        if not name.startswith("qgac"):
            found.add(name.split(".")[0])
            continue
        package = name.rpartition(".")[0]  # where a name is not a module's, it is of the module before it
        candidates = (name, f"{name}.__init__", package, f"{package}.__init__")
        found.add(next((candidate for candidate in candidates if candidate in MODULES), "qgac.__init__"))
    return frozenset(found)


@cache
def loaded(module: str) -> frozenset[str]:
    """The project's modules and other libraries that importing a module loads, with the packages on the way."""
    reached: set[str] = set()
    waiting = {module}
    while waiting:
        current = waiting.pop()
        reached.add(current)
        if current in MODULES:
            parts = current.split(".")
            packages = {".".join((*parts[:length], "__init__")) for length in range(1, len(parts))}
            waiting |= (imported(current, executed=True) | packages) - reached
    return frozenset(reached)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_what_its_folder_may(module: str) -> None:
    assert home(module) in ALLOWED, f"{module} has no rule"
    allowed = ALLOWED[home(module)] | {home(module)}
    parts = {home(name) for name in imported(module, executed=False) if name.startswith("qgac.")} - {"__init__"}
    assert parts <= allowed, f"{module} must not import qgac.{', qgac.'.join(sorted(parts - allowed))}"


def test_no_rule_is_without_a_module() -> None:
    assert set(ALLOWED) == {home(module) for module in MODULES}


def test_no_module_imports_itself_by_way_of_others() -> None:
    """An import inside a function, or for type checkers alone, hides a circle and does not open it."""
    finished: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"{' -> '.join((*path[path.index(module) :], module))} is a circle"
        if module not in finished:
            for name in sorted(imported(module, executed=False)):
                if name in MODULES and name != "qgac.__init__":
                    visit(name, (*path, module))
            finished.add(module)

    for module in MODULES:
        if module != "qgac.__init__":  # its names are loaded when they are used
            visit(module, ())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_no_heavy_library_where_it_may_not(module: str) -> None:
    rule = max((name for name in MAY_LOAD if f"{module}.".startswith(f"{name}.")), key=len)
    surplus = loaded(module) & HEAVY - MAY_LOAD[rule]
    assert not surplus, f"{module} loads {', '.join(sorted(surplus))}"


def test_packages_are_a_docstring_of_one_line() -> None:
    """So that the parent of a module costs nothing; the root and the metrics, which give names to users, aside."""
    for module, path in MODULES.items():
        if module.endswith(".__init__") and module not in ("qgac.__init__", "qgac.metrics.__init__"):
            tree = ast.parse(path.read_text())
            docstring = ast.get_docstring(tree)
            assert len(tree.body) == 1, module
            assert docstring is not None, module
            assert "\n" not in docstring, module


def test_a_picture_is_restored_without_pytorch(tmp_path: Path) -> None:
    """Shipped model, blend, all views, refined: where a plain install lacks it, as here, nothing asks for it."""
    code = "import sys; sys.modules['torch'] = None; from qgac import *; from qgac.cli import main; sys.exit(main())"
    source = Path(__file__).parent / "jpeg" / "corpus" / "adobe_rgb.jpg"
    for name, options in (("one.png", ["--best", "--blend", "0.5"]), ("one.jpg", ["--consistent"])):
        restore = [sys.executable, "-c", code, "restore", source, "-o", tmp_path / name, *options]
        subprocess.run(restore, check=True)
        assert (tmp_path / name).is_file()


@pytest.mark.parametrize("module", ["qgac", "qgac.cli"])
def test_the_entry_points_import_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "qgac" in loaded
    assert not {"torch", "numba", "onnxruntime", "scipy", "PIL", "numpy"} & set(loaded)
