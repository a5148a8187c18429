"""The named configurations against the table of the published ones."""

from dataclasses import fields

import pytest

from ndive.errors import ConfigError
from ndive.training import TrainConfig, preset
from ndive.training.presets import DIFFERENCES

NO_TAGGING = {"jet_flavor_loss", "track_origin_loss", "track_pairing_loss"}
NDIVE_ONLY = {"use_ghost_track", "clip_vertex", "use_early_stopping"} | NO_TAGGING
PAPER = {
    "final_ndive_only": NDIVE_ONLY,
    "final_ndive_only_no_track_selection": NDIVE_ONLY | {"track_weight_activation"},
    "final_ndive_only_pf_track_selection": NDIVE_ONLY | {"track_weight_activation"},
    "final_ftag_base": {"model_name", "vertexer", "vertex_loss", "use_ghost_track", "use_early_stopping"},
    "final_ftag_ndive": {"model_name", "use_ghost_track", "clip_vertex", "use_early_stopping"},
    "final_ftag_ndive_pf_track_selection": {
        *("model_name", "use_ghost_track", "clip_vertex", "use_early_stopping", "track_weight_activation")
    },
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_all_have_the_paper_rate(name: str) -> None:
    config = preset(name)
    assert config.name == name
    assert config.learning_rate == 1e-4
    early, long = config.use_early_stopping, name.startswith("ftag_base_big") and "batch" not in name
    assert config.num_epochs == (1000 if early else 300 if long else 200)


@pytest.mark.parametrize("name", PAPER)
def test_what_the_paper_ones_change(name: str) -> None:
    config, default = preset(name), TrainConfig()
    everywhere = {"config_name", "learning_rate", "num_epochs"}
    changed = {
        field.name for field in fields(config) if getattr(config, field.name) != getattr(default, field.name)
    }
    assert changed == PAPER[name] | everywhere


def test_activations_of_the_selections() -> None:
    assert preset("final_ndive_only_no_track_selection").track_weight_activation == "none"
    assert preset("final_ftag_ndive_pf_track_selection").track_weight_activation == "perfect"


def test_big_batches() -> None:
    config = preset("ftag_ndive_big_batch")
    assert (config.batch_size, config.num_attention_layers, config.num_attention_heads) == (500, 3, 2)
    assert config.use_adam
    assert config.use_learning_rate_decay_when_stalled
    assert not config.use_early_stopping


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown configuration 'final_ftag_bas', nearest: final_ftag_base"):
        preset("final_ftag_bas")
