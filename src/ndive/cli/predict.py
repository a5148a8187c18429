"""`ndive predict`: scores and auxiliary outputs of a trained model for every jet of some files."""

import re
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.outputs import check_free, check_output
from ndive.cli.progress import jets_progress
from ndive.cli.trained import trained_model
from ndive.data import Split, open_sample
from ndive.errors import ArgumentError
from ndive.evaluation import read_error_factors
from ndive.evaluation.scoring import job_of, scores_in, scores_key, write_scores
from ndive.jobs import DaskPool, LocalPool, Pool


def predict(
    model: str,
    *files: str,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    name: str | None = None,
    epoch: int | None = None,
    copy: int | None = None,
    models: Path | None = None,
    split: Split | None = None,
    errors: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Write what a trained model says of every jet of some files, as puma and the ATLAS tools read it.

    The output has the rows of the input in their order, jets without a track too: in 'jets' its fields and
    NAME_pb, NAME_pc, NAME_pu; in 'tracks' NAME_aux_TrackOrigin, NAME_aux_VertexIndex and, of a model with a
    fit, NAME_aux_TrackWeight; then also 'vertices'. The files need no truth. Interrupted, the same command
    goes on where it was. It is compressed with LZ4: h5py reads it after 'import hdf5plugin'.

    Parameters
    ----------
    model
        Name of a trained model, or the path of a model file FILE.eqx.
    files
        Jets files, directories or wildcards.
    output
        The HDF5 file to write; it is there whole or not at all.
    name
        What the fields of the scores begin with; the model's name if not given.
    epoch
        Epoch whose checkpoint is taken; if not given, the one with the lowest validation total.
    copy
        Number of the copy, of a model that was trained with --train_count.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    split
        In a directory, read only the files *_SPLIT.h5.
    errors
        The metrics.json that 'ndive evaluate' wrote of this model on jets with truth, like these but not
        those that trained it. 'vertices' gets sandwich_factor_68 and sandwich_factor_95: with the errors of
        the sandwich covariance times these, ellipsoids hold the true vertex in 68 and 95 % of the jets, on
        average over all that have a valid fit.
    workers
        Processes, one thread each; if not given, this one alone, on its GPU where it has one.
    scheduler
        Address of a Dask scheduler (tcp://HOST:PORT): the files are read by its workers, which must see the
        same paths.
    overwrite
        Replace an output that is there. Without it that of the same model and jets is kept, another refused.
    """
    pool = _pool(workers, scheduler)
    trained = trained_model(model, models, epoch=epoch, copy=copy)
    called = name if name is not None else trained.name
    if not re.fullmatch(r"\w[\w.-]*", called):
        raise ArgumentError(f"name is '{called}', allowed are letters, digits, '_', '.' and '-'")
    factors = read_error_factors(errors, trained) if errors is not None else ()
    sample = open_sample(files, job=job_of(trained), split=split)
    check_output(output, sample)
    if not overwrite and scores_in(output) == scores_key(trained, sample, called, factors):
        console(stderr=True).print(f"reusing '{output}'")
        return
    check_free(output, overwrite=overwrite)
    start = time.monotonic()
    with jets_progress() as progress:
        bar = progress.add_task("predicting", total=sample.n_jets)
        for jets in write_scores(trained, sample, output, called, pool, factors):
            progress.advance(bar, jets)
    seconds = time.monotonic() - start
    console().print(
        f"scores of {sample.n_jets} jets by '{called}' in '{output}' after {seconds:.0f} s", soft_wrap=True
    )


def _pool(workers: int | None, scheduler: str | None) -> Pool | None:
    if scheduler is not None:
        return DaskPool(address=scheduler)
    return None if workers is None else LocalPool(workers=workers)
