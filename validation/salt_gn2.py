"""GN2 trained by Salt on a simulated sample, as large as one of our taggers, and its scores of the test jets.

    python validation/salt_gn2.py SAMPLE DIRECTORY [--like final_ftag_ndive] [--jets -1] [--epochs 8]

Runs in the environment of Salt, without ndive; docs/other_programs.md says how it was made. SAMPLE is a
directory that `ndive simulate` or `ndive convert` wrote. One thread, CPU. Interrupted, the same command
goes on after the last whole epoch. Leaves the configuration, Salt's checkpoints and the scores, `scores.h5`,
in DIRECTORY, and prints the CPU time.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import yaml
from salt.main import main as salt
from salt.utils.cli import get_best_epoch

SIZES = {"final_ftag_base": (24, [32, 32, 16]), "final_ftag_ndive": (36, [40, 20])}
"""Width of the encoder and hidden layers of the heads that give GN2 as many parameters."""

NAMES = {"final_ftag_base": "GN2_37k", "final_ftag_ndive": "GN2_67k"}
LAYERS, HEADS, OUTPUT = 4, 4, 32
BATCH, RATE = 250, 2e-3

JETS = ["pt", "eta"]
TRACKS = [
    *("d0", "z0SinTheta", "dphi", "deta", "qOverP"),
    *("lifetimeSignedD0Significance", "lifetimeSignedZ0SinThetaSignificance"),
    *("d0Uncertainty", "z0SinThetaUncertainty", "phiUncertainty", "thetaUncertainty", "qOverPUncertainty"),
]
KEPT = {
    "jets": ["pt", "eta", "eventNumber", "flavour_label", "HadronConeExclTruthLabelID", "n_tracks"],
    "tracks": ["valid", "ftagTruthOriginLabel", "ftagTruthVertexIndex"],
}
"""Fields of the test file that stand beside the scores."""

Config = dict[str, object]


def component(name: str, /, **arguments: object) -> Config:
    """A class and its arguments, as Salt's configuration names them."""
    return {"class_path": name, "init_args": arguments}


def network(width: int, hidden: Sequence[int]) -> Config:
    """GN2: an embedding of each track, a transformer, attention pooling and three heads."""

    def dense(inputs: int, outputs: int, context: int = 0) -> Config:
        return {
            "input_size": inputs,
            "output_size": outputs,
            "hidden_layers": [*hidden],
            "activation": "ReLU",
            "context_size": context,
        }

    flavour = component(
        "salt.models.ClassificationTask",
        name="jets_classification",
        input_name="jets",
        label="flavour_label",
        use_class_dict=True,
        loss=component("torch.nn.CrossEntropyLoss"),
        dense_config=dense(OUTPUT, 3),
    )
    origin = component(
        "salt.models.ClassificationTask",
        name="track_origin",
        input_name="tracks",
        label="ftagTruthOriginLabel",
        use_class_dict=True,
        weight=0.5,
        loss=component("torch.nn.CrossEntropyLoss"),
        dense_config=dense(OUTPUT, 8, OUTPUT),
    )
    vertexing = component(
        "salt.models.VertexingTask",
        name="track_vertexing",
        input_name="tracks",
        label="ftagTruthVertexIndex",
        weight=1.5,
        loss=component("torch.nn.BCEWithLogitsLoss", reduction="none"),
        dense_config=dense(2 * OUTPUT, 1, OUTPUT),
    )
    embedding = {"output_size": width, "hidden_layers": [width], "activation": "ReLU"}
    return component(
        "salt.models.SaltModel",
        init_nets=[{"input_name": "tracks", "dense_config": embedding}],
        encoder=component(
            "salt.models.Transformer",
            num_layers=LAYERS,
            embed_dim=width,
            out_dim=OUTPUT,
            attn_type="torch-math",
            attn_kwargs={"num_heads": HEADS},
            dense_kwargs={"activation": "ReLU", "gated": True},
            num_registers=8,
        ),
        pool_net=component("salt.models.GlobalAttentionPooling", input_size=OUTPUT),
        tasks=component("torch.nn.ModuleList", modules=[flavour, origin, vertexing]),
    )


def configuration(options: argparse.Namespace) -> Config:
    """What `salt fit --config` and `salt test --config` read."""
    sample = options.sample.resolve()
    return {
        "name": NAMES[options.like],
        "log_suffix": "run",
        "force": True,
        "overwrite_config": True,
        "model": {
            "lrs_config": {"initial": RATE / 100, "max": RATE, "end": RATE / 1000, "pct_start": 0.05},
            "model": network(*SIZES[options.like]),
        },
        "data": {
            "variables": {"jets": JETS, "tracks": TRACKS},
            "train_file": str(sample / "ndive_train.h5"),
            "val_file": str(sample / "ndive_val.h5"),
            "test_file": str(sample / "ndive_test.h5"),
            "norm_dict": str(sample / "norm_dict.yaml"),
            "class_dict": str(sample / "class_dict.yaml"),
            "num_train": options.jets,
            "batch_size": BATCH,
            "num_workers": 0,
        },
        "trainer": {
            "accelerator": "cpu",
            "max_epochs": options.epochs,
            "logger": False,
            "default_root_dir": str(options.directory.resolve()),
            "callbacks": [
                component("salt.callbacks.Checkpoint", monitor_loss="val/jets_classification_loss"),
                component("salt.callbacks.PredictionWriter", write_tracks=True, extra_vars=KEPT),
            ],
        },
    }


def resumed(options: argparse.Namespace, checkpoint: Path) -> list[str]:
    """Options to go on from `checkpoint` in the same place: Salt copies the dictionaries there again."""
    return [
        f"--ckpt_path={checkpoint}",
        f"--trainer.default_root_dir={options.directory.resolve()}",
        f"--data.norm_dict={options.sample.resolve() / 'norm_dict.yaml'}",
        f"--data.class_dict={options.sample.resolve() / 'class_dict.yaml'}",
    ]


def run(options: argparse.Namespace) -> Path:
    """Train, or go on from the last whole epoch; the directory of the run."""
    directory = options.directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    own, log = directory / "gn2.yaml", directory / f"{NAMES[options.like]}_run"
    checkpoints = sorted((log / "ckpts").glob("*.ckpt"))
    if checkpoints:
        salt(["fit", "--config", str(log / "config.yaml"), *resumed(options, checkpoints[-1])])
    else:
        own.write_text(yaml.safe_dump(configuration(options), sort_keys=False), encoding="utf-8")
        salt(["fit", "--config", str(own)])
    return log


def scored(log: Path) -> Path:
    """The scores of the test jets by the epoch with the lowest validation loss of the flavour."""
    config = log / "config.yaml"
    checkpoint = Path(get_best_epoch(config))
    salt(["test", "--config", str(config), "--ckpt_path", str(checkpoint)])
    (scores,) = checkpoint.parent.glob(f"{checkpoint.stem}__test_*.h5")
    return scores.replace(log.parent / "scores.h5")


def main() -> None:
    """Train and score, and say what it took."""
    parser = argparse.ArgumentParser(description="GN2 trained by Salt on a simulated sample.")
    parser.add_argument("sample", type=Path, help="directory made by 'ndive simulate'")
    parser.add_argument("directory", type=Path, help="where the run and its scores go")
    parser.add_argument("--like", choices=sorted(SIZES), default="final_ftag_ndive", help="its size")
    parser.add_argument("--jets", type=int, default=-1, help="training jets, the first ones (-1: all)")
    parser.add_argument("--epochs", type=int, default=8, help="times through the training jets (8)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    start = time.process_time()
    log = run(options)
    train = time.process_time()
    scores = scored(log)
    test = time.process_time()
    print(f"{scores}: {train - start:.0f} s of CPU time in training, {test - train:.0f} s in the scores")


if __name__ == "__main__":
    main()
