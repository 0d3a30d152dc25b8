"""Temporary plug-ins, registered as an installed package's entry points are."""

import importlib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4


@contextmanager
def temporary_plugins(groups: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Registers objects by group and name until the block ends: `{"afl.importers": {"lines": import_lines}}`.

    A name that is registered already refers to the new object until then.
    """
    name = f"afl_plugged_{uuid4().hex}"
    module = ModuleType(name)
    points = []
    for group, objects in groups.items():
        points.append(f"[{group}]")
        for number, (key, value) in enumerate(objects.items(), len(vars(module))):
            setattr(module, f"object_{number}", value)
            points.append(f"{key} = {name}:object_{number}")
    with tempfile.TemporaryDirectory() as folder:
        described = Path(folder) / f"{name}-1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8"
        )
        (described / "entry_points.txt").write_text("\n".join(points) + "\n", encoding="utf-8")
        sys.modules[name] = module
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(folder)
            del sys.modules[name]
            importlib.invalidate_caches()
