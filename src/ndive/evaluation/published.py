"""The helpers of the published code, for notebooks written for it: its names, arguments, keys and columns.

Everybody else takes `ndive.evaluation.evaluate`, whose result has named and typed fields.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ndive.data import Sample, open_sample
from ndive.errors import ArgumentError, SampleError
from ndive.evaluation.evaluate import predictions_of
from ndive.evaluation.inputs import BATCH, read_inputs
from ndive.evaluation.predictions import Predictions
from ndive.evaluation.trained import TrainedModel, load_copies, load_trained
from ndive.models import parameter_count
from ndive.schema import load_schema
from ndive.training import models_root

SLOTS = 15
"""Tracks a jet of the published arrays."""

N_INPUTS, N_OUTPUTS = 51, 31
"""Columns of the arrays of inputs and of outputs."""

SAMPLES = "NDIVE_SAMPLES_PATH"
"""The variable that says where the jets are, as the published configurations did."""

Arrays = dict[str, Float[np.ndarray, "..."]]
"""`<f>_input_arr` `[jets, 15, 51]` and `<f>_output_arr` `[jets, 31]` for f in b, c, u."""


def get_test_output(
    config_name: str,
    epoch: int | None = None,
    model_number: int | None = None,
    ignore_saved_file: bool = False,
    *,
    samples: str | Path | None = None,
) -> Arrays:
    """Inputs and outputs of a trained model on the test set, jet by jet, for each flavour f of b, c, u.

    `<f>_input_arr` `[jets, 15, 51]` has a row a track, zeros where there is none:

    | columns | |
    |---|---|
    | 0–15 | the first sixteen inputs of a network (`track_features`), with our signs (`ndive.tracks`) |
    | 16–18 | production vertex of the track, mm |
    | 19–21 | decay vertex of the hadron, mm |
    | 22, 23 | tracks in the jet; index of the track's vertex |
    | 24–28 | phi, theta, pT (GeV), eta and flavour (5, 4, 0) of the jet |
    | 29–43 | 1 for each slot whose track comes from the same vertex |
    | 44–46, 47–50 | flavour (b, c, light) and origin (b, c, primary, other), one of each is 1 |

    `<f>_output_arr` `[jets, 31]` has the probabilities of b, c and light, the vertex (3, mm), its covariance
    (9, mm²), the weight of the ghost track and those of the 15 tracks; zeros for what a model does not give.

    Outputs are kept and read again as long as model, jets and version are the same; with `ignore_saved_file`
    they are computed. `samples` is a directory with *_test.h5, or a file; without it,
    `$NDIVE_SAMPLES_PATH`. The model lies under `$NDIVE_MODEL_PATH`.

    **Raises:** `CheckpointError` for a model, epoch or copy that is not there; `ArgumentError` where nothing
    says where the jets are; `SampleError` for more than 15 track slots, or a file without the truth.
    """
    trained = load_trained(config_name, models_root(), epoch=epoch, copy=model_number)
    return _arrays(trained, _test_sample(samples), overwrite=ignore_saved_file)


def get_test_output_list(
    config_name: str,
    epoch: int | None = None,
    ignore_saved_file: bool = False,
    *,
    samples: str | Path | None = None,
) -> list[Arrays]:
    """What `get_test_output` gives for each copy of a model; one entry where there are no copies."""
    copies = load_copies(config_name, models_root(), epoch=epoch)
    sample = _test_sample(samples)
    return [_arrays(trained, sample, overwrite=ignore_saved_file) for trained in copies]


def get_param_count(config_name: str) -> int:
    """How many numbers of a trained model are trained.

    **Raises:** `CheckpointError` where there is no such model.
    """
    return parameter_count(load_copies(config_name, models_root())[0].model)


def _test_sample(samples: str | Path | None) -> Sample:
    place = samples if samples is not None else os.environ.get(SAMPLES)
    if place is None:
        raise ArgumentError(f"nothing says where the jets are: set ${SAMPLES}, or give samples=")
    sample = open_sample(place, job="evaluate", split="test")
    if sample.n_slots > SLOTS:
        raise SampleError(
            f"'{sample.paths[0]}' has {sample.n_slots} track slots, the published arrays have {SLOTS}"
        )
    return sample


def _arrays(trained: TrainedModel, sample: Sample, *, overwrite: bool) -> Arrays:
    outputs = _outputs(predictions_of(trained, sample, overwrite=overwrite), sample.n_jets)
    starts = range(0, sample.n_jets, BATCH)
    inputs = np.concatenate([_inputs(sample, start, min(start + BATCH, sample.n_jets)) for start in starts])
    flavour = sample.columns("jets", ["flavour_label"], 0, sample.n_jets)["flavour_label"]
    arrays = {}
    for label, name in enumerate(load_schema().class_names):
        letter = name.removesuffix("jets")
        arrays[f"{letter}_input_arr"] = inputs[flavour == label]
        arrays[f"{letter}_output_arr"] = outputs[flavour == label]
    return arrays


def _outputs(predictions: Predictions, n_jets: int) -> Float[np.ndarray, "jets 31"]:
    outputs = np.zeros((n_jets, N_OUTPUTS), np.float32)
    vertices = predictions.vertices
    if predictions.flavour is not None:
        outputs[:, :3] = predictions.flavour
    if vertices is not None:
        outputs[:, 3:6] = vertices.position
        outputs[:, 6:15] = vertices.covariance.reshape(n_jets, 9)
        outputs[:, 15] = 0 if vertices.ghost_weight is None else vertices.ghost_weight
        outputs[:, 16 : 16 + vertices.track_weights.shape[1]] = vertices.track_weights
    return outputs


def _inputs(sample: Sample, start: int, stop: int) -> Float[np.ndarray, "jets 15 51"]:
    columns = np.concatenate(list(_input_columns(sample, start, stop)), axis=-1)
    inputs = np.zeros((stop - start, SLOTS, N_INPUTS), np.float32)
    slots = columns.shape[1]
    inputs[:, :slots, :29] = columns[..., :29]
    inputs[:, :slots, 29 : 29 + slots] = columns[..., 29 : 29 + slots]
    inputs[:, :slots, 44:] = columns[..., 29 + slots :]
    return inputs


def _input_columns(sample: Sample, start: int, stop: int) -> Iterator[np.ndarray]:
    """The columns of each track in their order, zeros in empty slots."""
    batch = sample.read(start, stop)
    schema, jet = load_schema(), batch.jet
    truth = batch.truth
    real = np.asarray(jet.tracks.mask)[..., None]
    production = sample.columns("tracks", [f"truth_prod_{axis}" for axis in "xyz"], start, stop)
    labels = np.array([flavour.truth_label for flavour in schema.flavours])
    phi, eta, pt = (np.asarray(value) for value in (jet.phi, jet.eta, jet.pt))
    index = np.asarray(truth.vertex_index)
    flavour = np.asarray(truth.flavour)

    def masked(values: np.ndarray) -> np.ndarray:
        return np.where(real, values, 0)

    def of_jet(*columns: np.ndarray) -> np.ndarray:
        return masked(np.stack(columns, axis=-1)[:, None])

    yield read_inputs(sample, start, stop)[..., :16]
    yield masked(np.stack(list(production.values()), axis=-1))
    yield of_jet(*np.asarray(truth.hadron_vertex).T)
    yield of_jet(real[..., 0].sum(axis=1))
    yield masked(index[..., None])
    yield of_jet(phi, 2 * np.arctan(np.exp(-eta)), pt, eta, labels[flavour])
    yield masked((index[:, :, None] == index[:, None, :]) & (index[:, None, :] >= 0))
    yield of_jet(*np.eye(len(labels))[flavour].T)
    yield masked(np.eye(len(schema.origin_classes))[np.maximum(np.asarray(truth.origin), 0)])
