"""The named configurations against the table of the published ones."""

from dataclasses import replace
from typing import Any

import pytest

from ndive.errors import ConfigError
from ndive.training import TrainConfig, preset
from ndive.training.presets import DIFFERENCES

B = {"model_name": "FTAG", "vertexer": "none", "vertex_loss": False}
LETTERS = {
    "F": {"model_name": "FTAG"},
    "B": B,
    "G": {"use_ghost_track": False},
    "C": {"clip_vertex": True},
    "E": {"use_early_stopping": True, "num_epochs": 1000},
    "A": {"use_adam": True},
    "P": {"use_learning_rate_decay_when_stalled": True},
    "L2": {"num_attention_layers": 2},
    "L3": {"num_attention_layers": 3},
    "H2": {"num_attention_heads": 2},
    "vertex-only": dict.fromkeys(("jet_flavor_loss", "track_origin_loss", "track_pairing_loss"), False),
    "no-selection": {"track_weight_activation": "none"},
    "perfect": {"track_weight_activation": "perfect"},
    "softmax": {"track_weight_activation": "softmax"},
    "one-hot": {"use_one_hot_encoding": True},
    "normalised": {"normalize_vertex_loss": True},
    "weight-loss": {"track_weight_loss": True},
    "no-pairing": {"track_pairing_loss": False},
    "no-vertex": {"vertex_loss": False},
    "true-vertex": {"vertexer": "true_vertex"},
    "500": {"batch_size": 500},
    "1000": {"batch_size": 1000},
}
PUBLISHED = """
final_ndive_only                        G C E vertex-only
final_ndive_only_no_track_selection     G C E vertex-only no-selection
final_ndive_only_pf_track_selection     G C E vertex-only perfect
final_ftag_base                         B G E
final_ftag_ndive                        F G C E
final_ftag_ndive_pf_track_selection     F G C E perfect
ftag_all_loss                           F G C E
ftag_all_loss_two                       F G C E L2
ndive_only                              G
test_train                              F softmax
ftag_ndive_all_loss_softmax             F softmax
ftag_one_hot                            F one-hot
ftag_ndive_all_loss                     F
ftag_ndive_no_ghost                     F G
ftag_ndive_no_ghost_clip                F G C
ftag_ndive_no_ghost_normalize_vtx_loss  F G normalised
ftag_ndive_add_weights_loss             F weight-loss
ftag_ndive_no_track_pair_loss           F G C no-pairing
ftag_ndive_no_vertex_loss               F G C no-vertex
ftag_true_vertex_all_loss               F true-vertex
ftag_true_weights_all_loss              F G perfect
ftag_base_one                           B
ftag_two_layer_all_loss                 B L2
ftag_three_layer_all_loss               B L3
ftag_base_one_adam                      B E A
ftag_base_three_adam                    B E A L3
ftag_base_big                           B E L3 H2
ftag_base_big_adam                      B E L3 H2 A
ftag_base_big_batch                     B 500 L3 H2 A P
ftag_ndive_big_batch                    F G C 500 L3 H2 A P
test_three                              B 1000 L3 H2 G C E A P
"""
"""The table of the published configurations; with early stopping they run up to 1000 epochs."""


@pytest.mark.parametrize("line", PUBLISHED.split("\n")[1:-1], ids=lambda line: line.split()[0])
def test_what_each_changes(line: str) -> None:
    name, *letters = line.split()
    changed: dict[str, Any] = {"learning_rate": 1e-4, "num_epochs": 200}
    for letter in letters:
        changed |= LETTERS[letter]
    assert preset(name) == replace(TrainConfig(), config_name=name, **changed)


def test_there_are_no_others() -> None:
    assert set(DIFFERENCES) == {line.split()[0] for line in PUBLISHED.split("\n")[1:-1]}


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown configuration 'final_ftag_bas', nearest: final_ftag_base"):
        preset("final_ftag_bas")
