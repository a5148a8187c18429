"""The named configurations of the paper and its studies, in groups: a base, and what each changes."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ndive.errors import ConfigError
from ndive.training.config import TrainConfig
from ndive.training.fields import nearest

Row = dict[str, Any]

BASE = TrainConfig(learning_rate=1e-4, num_epochs=200)

FTAG: Row = {"model_name": "FTAG"}
NO_VERTEX: Row = FTAG | {"vertexer": "none", "vertex_loss": False}
NO_GHOST: Row = {"use_ghost_track": False}
CLIP: Row = {"clip_vertex": True}
EARLY: Row = {"use_early_stopping": True, "num_epochs": 1000}
ADAM: Row = {"use_adam": True}
PLATEAU: Row = {"use_learning_rate_decay_when_stalled": True}
PERFECT: Row = {"track_weight_activation": "perfect"}
NO_SELECTION: Row = {"track_weight_activation": "none"}
SOFTMAX: Row = {"track_weight_activation": "softmax"}
VERTEX_ALONE: Row = {"jet_flavor_loss": False, "track_origin_loss": False, "track_pairing_loss": False}
NDIVE_ONLY: Row = NO_GHOST | CLIP | EARLY | VERTEX_ALONE
FTAG_NDIVE: Row = FTAG | NO_GHOST | CLIP | EARLY


def _attention(layers: int, heads: int = 1) -> Row:
    return {"num_attention_layers": layers, "num_attention_heads": heads}


BIG_BATCH: Row = {"batch_size": 500} | _attention(3, 2) | ADAM | PLATEAU

GROUPS = MappingProxyType(
    {
        "paper: the vertexer alone": {
            "final_ndive_only": NDIVE_ONLY,
            "final_ndive_only_no_track_selection": NDIVE_ONLY | NO_SELECTION,
            "final_ndive_only_pf_track_selection": NDIVE_ONLY | PERFECT,
        },
        "paper: the tagger without and with a vertex fit": {
            "final_ftag_base": NO_VERTEX | NO_GHOST | EARLY,
            "final_ftag_ndive": FTAG_NDIVE,
            "final_ftag_ndive_pf_track_selection": FTAG_NDIVE | PERFECT,
        },
        "studies: the vertexer alone": {
            "ndive_only": NO_GHOST,
        },
        "studies: the tagger without a vertex fit": {
            "ftag_base_one": NO_VERTEX,
            "ftag_base_one_adam": NO_VERTEX | EARLY | ADAM,
            "ftag_base_three_adam": NO_VERTEX | EARLY | ADAM | _attention(3),
            "ftag_base_big": NO_VERTEX | EARLY | _attention(3, 2),
            "ftag_base_big_adam": NO_VERTEX | EARLY | _attention(3, 2) | ADAM,
            "ftag_base_big_batch": NO_VERTEX | BIG_BATCH,
            "ftag_two_layer_all_loss": NO_VERTEX | _attention(2),
            "ftag_three_layer_all_loss": NO_VERTEX | _attention(3),
        },
        "studies: the tagger with a vertex fit": {
            "ftag_all_loss": FTAG_NDIVE,
            "ftag_all_loss_two": FTAG_NDIVE | _attention(2),
            "test_train": FTAG | SOFTMAX,
            "ftag_ndive_all_loss": FTAG,
            "ftag_ndive_all_loss_softmax": FTAG | SOFTMAX,
            "ftag_one_hot": FTAG | {"use_one_hot_encoding": True},
            "ftag_ndive_no_ghost": FTAG | NO_GHOST,
            "ftag_ndive_no_ghost_clip": FTAG | NO_GHOST | CLIP,
            "ftag_ndive_no_ghost_normalize_vtx_loss": FTAG | NO_GHOST | {"normalize_vertex_loss": True},
            "ftag_ndive_add_weights_loss": FTAG | {"track_weight_loss": True},
            "ftag_ndive_no_track_pair_loss": FTAG | NO_GHOST | CLIP | {"track_pairing_loss": False},
            "ftag_ndive_no_vertex_loss": FTAG | NO_GHOST | CLIP | {"vertex_loss": False},
            "ftag_ndive_big_batch": FTAG | NO_GHOST | CLIP | BIG_BATCH,
        },
        "studies: the tagger with the truth": {
            "ftag_true_vertex_all_loss": FTAG | {"vertexer": "true_vertex"},
            "ftag_true_weights_all_loss": FTAG | NO_GHOST | PERFECT,
        },
        "what the published program trains without -t": {
            "test_three": NO_VERTEX | NO_GHOST | CLIP | EARLY | BIG_BATCH | {"batch_size": 1000},
        },
    }
)
"""Title -> name -> what it changes of `BASE`."""

DIFFERENCES = MappingProxyType({name: row for rows in GROUPS.values() for name, row in rows.items()})
"""What each named configuration changes of `BASE`."""


def preset(name: str) -> TrainConfig:
    """The configuration called `name`.

    **Raises:** `ConfigError` for an unknown name, with the nearest ones.
    """
    if name not in DIFFERENCES:
        raise ConfigError(f"unknown configuration '{name}', nearest: {nearest(name, DIFFERENCES)}")
    return replace(BASE, config_name=name, **DIFFERENCES[name])
