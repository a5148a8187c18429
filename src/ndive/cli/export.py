"""`ndive export`: a trained model, or the fit alone, for other runtimes."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.errors import ArgumentError
from ndive.evaluation import load_trained
from ndive.export.program import FIT_INPUTS, MODEL_INPUTS, Program, fit_program, model_program
from ndive.export.shapes import JETS, SLOTS
from ndive.export.stablehlo import write_stablehlo
from ndive.models import load_model
from ndive.training import models_root

FIT = "fit"
"""The name of the fit without a model."""


def export(
    name: str,
    /,
    *,
    output: Path,
    format: Annotated[Literal["stablehlo", "onnx"], Parameter(name=["--format", "-f"])] = "stablehlo",
    models: Path | None = None,
) -> None:
    """Write a trained model with its normalisation, fit and heads, or the fit alone, as one file.

    StableHLO runs wherever JAX does, without this package: jax.export.deserialize(file).call(arrays), with a
    dictionary of arrays. ONNX (extra 'onnx') runs without JAX; to make it takes some minutes. docs/export.md
    has the names, shapes and units of inputs and outputs.

    Parameters
    ----------
    name
        A trained model, the file of one (best.eqx), or 'fit' for the vertex fit alone.
    output
        The file to write; it is there whole or not at all.
    format
        Of the file.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    """
    if output.is_dir():
        raise ArgumentError(f"output '{output}' is a directory; name a file")
    if name == FIT:
        program: Program = fit_program
        inputs = FIT_INPUTS
    else:
        path = Path(name)
        root = models if models is not None else models_root()
        model = load_model(path)[0] if path.is_file() else load_trained(name, root).model
        program, inputs = model_program(model), MODEL_INPUTS
    if format == "onnx":
        from ndive.export.onnx_graph import write_onnx  # needs its extra

        write_onnx(output, program, inputs)
        size = "any number of jets and track slots a call"
    else:
        write_stablehlo(output, program, inputs)
        size = f"up to {JETS} jets and {SLOTS} track slots a call"
    console().print(f"{format} of '{name}' in '{output}': {size}; inputs {', '.join(inputs)}", soft_wrap=True)
