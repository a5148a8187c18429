# %% [markdown]
# # Event display
# Jets in three dimensions: tracks as helices, true and fitted vertices with their ellipsoids. On the output
# of `ndive demo`: run it where `ndive_demo` lies; Jupyter opens this file by jupytext. `ndive display`
# writes a page of its own for as many jets as one likes.

# %%
import ndive
from ndive.evaluation import evaluate_models, random_rows
from ndive.report import display_jets

sample = ndive.open_sample("ndive_demo/samples", job="evaluate", split="test")
held_out, models = evaluate_models(["final_ftag_ndive"], sample, "ndive_demo/models")

# %% [markdown]
# Five jets at random; the menu goes from one to the next.

# %%
display_jets(models, held_out, random_rows(held_out.jets, 5, seed=1))
