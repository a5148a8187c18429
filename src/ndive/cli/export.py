"""`ndive export`: a trained model, or the fit alone, for other runtimes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.outputs import check_free
from ndive.cli.trained import trained_model
from ndive.errors import ArgumentError
from ndive.evaluation import TrainedModel
from ndive.export.athena import BATCH_INPUTS, JET_INPUTS, gnn_config, named_program, of_one_jet
from ndive.export.program import FIT_INPUTS, MODEL_INPUTS, fit_program, model_program
from ndive.export.shapes import JETS, SLOTS, Axes
from ndive.export.stablehlo import write_stablehlo
from ndive.export.torch_state import write_torch_state

FIT = "fit"
"""The name of the fit without a model."""

Format = Literal["stablehlo", "onnx", "athena", "pytorch"]

SIZES = {
    "stablehlo": f"up to {JETS} jets and {SLOTS} track slots a call",
    "onnx": "any number of jets and track slots a call",
    "athena": "one jet a call with any number of tracks",
    "pytorch": "any number of jets and track slots a call",
}
"""What a call takes."""


def export(
    model: str,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    format: Annotated[Format, Parameter(name=["--format", "-f"])] = "stablehlo",
    name: str | None = None,
    field: float = 2.0,
    epoch: int | None = None,
    copy: int | None = None,
    models: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Write a trained model with its normalisation, fit and heads, or the fit alone, as one file.

    StableHLO runs wherever JAX does, without this package: jax.export.deserialize(file).call(arrays), with a
    dictionary of arrays. ONNX (extra 'onnx') runs without JAX, with columns of a jets file as jet_features
    and track_features; to make it takes a minute or two. PyTorch (extra 'torch') is the state of a module
    that ndive.torch.load_model makes. docs/export.md has the names, shapes and units of inputs and outputs.

    Parameters
    ----------
    model
        Name of a trained model, the path of a model file FILE.eqx, or 'fit' for the vertex fit alone.
    output
        The file to write; it is there whole or not at all.
    format
        Of the file; onnx takes many jets a call, athena is ONNX that takes one, as ATLAS software calls it,
        pytorch is a state file without pickles (safetensors).
    name
        What the outputs of ONNX begin with, letters and digits; those of the model's name if not given. Other
        formats do not read it.
    field
        Tesla along +z, of the tracks in ONNX.
    epoch
        Epoch whose checkpoint is taken; if not given, the one with the lowest validation total.
    copy
        Number of the copy, of a model that was trained with --train_count.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    overwrite
        Replace an output that is there.
    """
    if output.is_dir():
        raise ArgumentError(f"output '{output}' is a directory; name a file")
    check_free(output, overwrite=overwrite)
    if not 0 < abs(field) <= 10:
        raise ArgumentError(f"field is {field:g}, allowed: up to 10 tesla, and not 0")
    if model == FIT:
        if epoch is not None or copy is not None:
            raise ArgumentError("the fit alone has no epochs and no copies; leave --epoch and --copy out")
        inputs = _write_fit(output, format)
    else:
        trained = trained_model(model, models, epoch=epoch, copy=copy)
        inputs = _write_model(output, trained, format, name, field)
    told = f"{format} of '{model}' in '{output}': {SIZES[format]}; inputs {', '.join(inputs)}"
    console().print(told, soft_wrap=True)


def _write_fit(output: Path, format: Format) -> Mapping[str, Axes]:
    if format == "athena":
        raise ArgumentError("the fit alone has no features of jets; take it as onnx or stablehlo")
    if format == "pytorch":
        raise ArgumentError("the fit alone has no state; in PyTorch it is ndive.torch.VertexFit")
    if format == "stablehlo":
        write_stablehlo(output, fit_program, FIT_INPUTS)
    else:
        from ndive.export.onnx_graph import write_onnx  # needs its extra

        write_onnx(output, fit_program, FIT_INPUTS)
    return FIT_INPUTS


def _write_model(
    output: Path, trained: TrainedModel, format: Format, name: str | None, field: float
) -> Mapping[str, Axes]:
    if format == "stablehlo":
        write_stablehlo(output, model_program(trained.model), MODEL_INPUTS)
        return MODEL_INPUTS
    if format == "pytorch":
        write_torch_state(output, trained.model, trained.config)
        return MODEL_INPUTS
    from ndive.export.onnx_graph import write_onnx  # needs its extra

    called = re.sub("[^A-Za-z0-9]", "", trained.name) if name is None else name
    if not re.fullmatch("[A-Za-z0-9]+", called):
        raise ArgumentError(f"name is '{called}', allowed are letters and digits")
    program, inputs = named_program(trained.model, called, field), BATCH_INPUTS
    if format == "athena":
        program, inputs = of_one_jet(program), JET_INPUTS
    write_onnx(output, program, inputs, gnn_config(called, program, inputs, field))
    return inputs
