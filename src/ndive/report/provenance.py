"""From what a report was made."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from ndive.evaluation import Evaluation, HeldOut

LIBRARIES = ("ndive", "jax", "equinox", "numpy", "scipy", "matplotlib", "mplhep", "plotly")


def provenance(evaluations: Sequence[Evaluation], held_out: HeldOut, seed: int) -> list[tuple[str, str]]:
    """Names and values: the sample and how it was made, each model and its settings, versions, seeds."""
    sample = held_out.sample
    facts = [
        ("jets", f"{sample.n_jets:,} in {', '.join(path.name for path in sample.paths)}"),
        ("sample", f"SHA-256 {sample.identity}"),
    ]
    facts += [(f"sample: {name}", _text(value)) for name, value in sample.headers[0].attributes.items()]
    for one in evaluations:
        trained = one.trained
        settings = ", ".join(f"{name} {value}" for name, value in vars(trained.config).items())
        facts += [
            (trained.name, f"epoch {trained.epoch} of {len(trained.history['epoch'])}; {settings}"),
            (f"{trained.name}: file", f"SHA-256 {trained.artefact}"),
            (f"{trained.name}: run", _run(trained.run)),
        ]
    facts += [
        (tag.symbol, f"fraction of {tag.other} in the background {tag.fraction:g}") for tag in held_out.tags
    ]
    facts.append(("jets in 3D", f"chosen with seed {seed}"))
    facts.append(("Python", platform.python_version()))
    facts += [(library, version(library)) for library in LIBRARIES]
    return facts


def _run(run: Mapping[str, Any]) -> str:
    """Settings, seed and samples of a training; those of the model stand with it."""
    facts = {"seed": run.get("seed"), **run.get("config", {})}
    facts |= {name: run.get(name) for name in ("train_identity", "val_identity")}
    told = (f"{name} {_text(value)}" for name, value in facts.items() if value is not None)
    return ", ".join(told) or "no checkpoint says"


def fingerprint(facts: Sequence[tuple[str, str]]) -> str:
    """SHA-256 of the facts: two reports with the same one show the same."""
    return hashlib.sha256(json.dumps(list(facts)).encode()).hexdigest()


def _text(value: object) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
