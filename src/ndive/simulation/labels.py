"""Truth labels of jets: flavour, and the hadron that gives it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from ndive.schema import TAU
from ndive.simulation.ancestry import first_ancestor
from ndive.simulation.events import Events
from ndive.simulation.jets import Jets, closest_jet

HADRON_PT_MIN = 5.0
HADRON_DISTANCE = 0.3
LEPTON_PT_MIN = 10.0
LEPTON_DISTANCE = 0.4


@dataclass(frozen=True, kw_only=True)
class JetLabels:
    """Labels of n jets.

    **Attributes:** `flavour`: 5 b, 4 c, 15 tau, 0 light; `hadron`, the index in the events of the labelling
    hadron, and `charm`, that of the c hadron behind it or of itself in a c jet, -1 if none; the numbers of
    weak hadrons; `isolated`, False where the jet overlaps a prompt electron or muon.
    """

    flavour: Int[np.ndarray, " n"]
    hadron: Int[np.ndarray, " n"]
    charm: Int[np.ndarray, " n"]
    n_bhadrons: Int[np.ndarray, " n"]
    n_chadrons: Int[np.ndarray, " n"]
    isolated: Bool[np.ndarray, " n"]


def label_jets(events: Events, jets: Jets) -> JetLabels:
    """Label each jet b, else c, else tau, else light.

    A weakly decaying hadron (pT > 5 GeV) belongs to the closest jet within 0.3, and so does a prompt tau
    lepton. The hadron of the highest pT gives the label.
    """
    bottom, n_bottom = _hardest_in_jet(events, jets, events.weak_b)
    charm, n_charm = _hardest_in_jet(events, jets, events.weak_c)
    prompt = prompt_leptons(events)
    _, n_tau = _hardest_in_jet(events, jets, prompt & (np.abs(events.pdg) == TAU))
    is_b, is_c = bottom >= 0, (bottom < 0) & (charm >= 0)
    return JetLabels(
        flavour=np.select([is_b, is_c, n_tau > 0], [5, 4, 15], 0),
        hadron=np.where(is_b, bottom, charm),
        charm=np.where(is_b, _charm_behind(events, bottom), charm),
        n_bhadrons=n_bottom,
        n_chadrons=n_charm,
        isolated=_isolated(events, jets, prompt),
    )


def prompt_leptons(events: Events) -> Bool[np.ndarray, " n"]:
    """Electrons, muons and taus (each last copy) that descend from no hadron."""
    size = np.abs(events.pdg)
    lepton = (size == 11) | (size == 13) | (size == TAU)
    lepton[events.mother[(events.mother >= 0) & (events.pdg == events.pdg[events.mother])]] = False
    index = np.flatnonzero(lepton)
    hadron = (size > 100) & (size < 1_000_000_000)
    from_hadron = first_ancestor(events.mother, index, hadron) >= 0
    direct = (events.mother[index] >= 0) & np.isin(
        np.abs(events.pdg[events.mother[index]]), (11, 13, TAU, 23, 24)
    )
    lepton[index] = direct & ~from_hadron
    return lepton


def _hardest_in_jet(
    events: Events, jets: Jets, wanted: Bool[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " m"]]:
    """Index of the wanted particle of the highest pT in each jet (-1 if none), and how many there are."""
    pt = events.pt
    index = np.flatnonzero(wanted & (pt > HADRON_PT_MIN))
    jet = closest_jet(jets, events.event[index], events.eta[index], events.phi[index], within=HADRON_DISTANCE)
    index, jet = index[jet >= 0], jet[jet >= 0]
    softest_first = np.argsort(pt[index], kind="stable")
    hardest = np.full(len(jets.pt), -1)
    hardest[jet[softest_first]] = index[softest_first]
    return hardest, np.bincount(jet, minlength=len(jets.pt))


def _charm_behind(events: Events, bottom: Int[np.ndarray, " m"]) -> Int[np.ndarray, " m"]:
    """Index of the c hadron of the highest pT that comes from each b hadron, -1 if none."""
    charm = np.flatnonzero(events.weak_c)
    parent = first_ancestor(events.mother, charm, events.weak_b)
    charm, parent = charm[parent >= 0], parent[parent >= 0]
    softest_first = np.argsort(events.pt[charm], kind="stable")
    behind = np.full(len(events.pdg) + 1, -1)
    behind[parent[softest_first]] = charm[softest_first]
    return behind[bottom]


def _isolated(events: Events, jets: Jets, prompt: Bool[np.ndarray, " n"]) -> Bool[np.ndarray, " m"]:
    index = np.flatnonzero(prompt & (np.abs(events.pdg) != TAU) & (events.pt > LEPTON_PT_MIN))
    jet = closest_jet(jets, events.event[index], events.eta[index], events.phi[index], within=LEPTON_DISTANCE)
    isolated = np.ones(len(jets.pt), dtype=bool)
    isolated[jet[jet >= 0]] = False
    return isolated
