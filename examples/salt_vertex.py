"""GN2 in Salt with the vertex fit inside.

    ndive simulate --jets 20000 --resolution shlomi --output jets
    PYTHONPATH=examples salt fit --config examples/salt_vertex.yaml

`VertexModel` is a `SaltModel` that fits a vertex before the transformer: a network weighs the tracks, the
fit of `ndive.torch` turns them into a vertex, and every track is seen with its weight, its chi2 and that
vertex. docs/torch.md says in which environment it runs.
"""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
import yaml
from salt.models import Dense, SaltModel
from torch import Tensor

from ndive.torch import Vertex, VertexFit

PERIGEE = ("d0", "z0", "phi", "theta", "qOverP")
SCALE = torch.tensor([1.0, 1.0, 1.0, 1.0, 1e3])
"""From the units of the file to those of the fit: q/p in 1/MeV to 1/GeV."""

SEEN = 6
"""What a track is seen with beside its own variables: weight, chi2, the vertex and the chi2 of all."""


class VertexModel(SaltModel):
    """A `SaltModel` whose tracks are seen with a vertex that is fitted to them.

    It has an input `perigees` beside `tracks`: the same tracks with the variables of the fit, those of
    `PERIGEE`, their `...Uncertainty` and any of their correlations `corr_..._...`. `norm_dict` is the file
    by which Salt normalises them, which is undone here. `weight_net` is a `Dense` from the variables of a
    track to the logarithm of its weight's odds.
    """

    def __init__(
        self, init_nets: list[dict[str, Any]], norm_dict: str, weight_net: dict[str, Any], **arguments: Any
    ) -> None:
        super().__init__(init_nets, **arguments)
        names = init_nets[0]["variables"]["perigees"]
        norms = yaml.safe_load(Path(norm_dict).read_text(encoding="utf-8"))["tracks"]
        self.names = names
        self.register_buffer("mean", torch.tensor([norms[name]["mean"] for name in names]))
        self.register_buffer("scale", torch.tensor([norms[name]["std"] for name in names]))
        self.weigh = Dense(**weight_net, output_size=1, final_activation="Sigmoid")
        self.fit = VertexFit(pad=True)

    def forward(
        self, inputs: dict[str, Tensor], pad_masks: dict[str, Tensor], labels: Any = None
    ) -> tuple[Any, Any]:
        """Predictions and losses as those of `SaltModel`, with the fitted vertex under `vertex`."""
        columns = (inputs.pop("perigees") * self.scale + self.mean).unbind(dim=-1)
        real = ~pad_masks.pop("perigees")
        weights = self.weigh(inputs["tracks"])[..., 0] * real
        measured = dict(zip(self.names, columns, strict=True))
        vertex = self.fit(parameters(measured), covariance(measured), weights, mask=real)
        inputs["tracks"] = torch.cat([inputs["tracks"], seen(vertex, weights)], dim=-1)
        predictions, losses = super().forward(inputs, pad_masks, labels)
        return {**predictions, "vertex": vertex.position}, losses


def parameters(measured: Mapping[str, Tensor]) -> Tensor:
    """The tracks as the fit takes them, `[B, n, 5]`."""
    perigees = torch.stack([measured[name] for name in PERIGEE], dim=-1)
    return perigees * SCALE.to(perigees.device)


def covariance(measured: Mapping[str, Tensor]) -> Tensor:
    """Their covariance `[B, n, 5, 5]`; correlations that are not given are zero."""
    errors = torch.stack([measured[f"{name}Uncertainty"] for name in PERIGEE], dim=-1)
    errors = errors * SCALE.to(errors.device)
    correlation = torch.eye(5, device=errors.device).expand(*errors.shape, 5).clone()
    for (row, one), (column, other) in combinations(enumerate(PERIGEE), 2):
        if (name := f"corr_{one}_{other}") in measured:
            correlation[..., row, column] = correlation[..., column, row] = measured[name]
    return correlation * errors[..., None] * errors[..., None, :]


def seen(vertex: Vertex, weights: Tensor) -> Tensor:
    """What each track is seen with, `[B, n, SEEN]`; zeros but for the weight where no vertex was found."""
    valid = vertex.valid[..., None, None]
    of_jet = torch.cat([vertex.position.asinh(), vertex.chi2.log1p()[..., None]], dim=-1)
    fitted = [vertex.track_chi2.log1p()[..., None], of_jet[..., None, :].expand(*weights.shape, 4)]
    return torch.cat([weights[..., None], torch.where(valid, torch.cat(fitted, dim=-1), 0.0)], dim=-1)
