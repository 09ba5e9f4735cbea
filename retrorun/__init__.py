"""Energy and joint loads of running and walking backward, compared with forward.

`retrorun.models` computes, `retrorun.app` serves. In a checkout, this folder links to the folders `app` and `models` at
the top. There you can import a module by the short name `app.x` or by `retrorun.app.x`: it is the same module.
"""

import sys
from importlib import import_module
from importlib.abc import InspectLoader, Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType, ModuleType


class ShortNames(MetaPathFinder, Loader):
    """Imports `app.x` and `models.x` as `retrorun.app.x` and `retrorun.models.x`."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, fullname: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return a spec for a module with a short name, else None."""
        if fullname.partition(".")[0] not in self.names:
            return None
        own = find_spec(f"{__name__}.{fullname}")
        return own and ModuleSpec(fullname, self, is_package=own.submodule_search_locations is not None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that has the full name."""
        module = import_module(f"{__name__}.{spec.name}")
        spec.loader_state = module.__spec__
        return module

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of a module, for `python -m`."""
        own = find_spec(f"{__name__}.{fullname}")
        return own.loader.get_code(own.name) if own and isinstance(own.loader, InspectLoader) else None

    def exec_module(self, module: ModuleType) -> None:
        """Restore the spec of the module, which has run already."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


SHORT_NAMES = ShortNames()


def shorten(name: str) -> None:
    """Allow the import of a package by its short name. The package calls this when that happens."""
    if SHORT_NAMES not in sys.meta_path:
        sys.meta_path.insert(0, SHORT_NAMES)
    SHORT_NAMES.names.add(name)
    sys.modules[name] = import_module(f"{__name__}.{name}")
