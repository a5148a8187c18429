# %% [markdown]
# # Inference graphs
# What the vertex fit inside the tagger does: which tracks it takes, where its vertex lies, whether its
# errors are right. On the output of `ndive demo`: run it where `ndive_demo` lies; Jupyter opens this file
# by jupytext.

# %%
import ndive
from ndive.evaluation import evaluate_models
from ndive.report import draw

sample = ndive.open_sample("ndive_demo/samples", job="evaluate", split="test")
held_out, models = evaluate_models(["final_ftag_ndive"], sample, "ndive_demo/models")

# %% [markdown]
# ## Track weights
# A track is selected where its weight exceeds half of the jet's largest.

# %%
draw("weights", models, held_out)

# %%
draw("selection_counts", models, held_out)

# %%
draw("efficiency_purity", models, held_out)

# %% [markdown]
# ## Distance from the true vertex

# %%
draw("vertex_error", models, held_out)

# %%
draw("distances", models, held_out)

# %% [markdown]
# ## Calibration of the errors
# How often the ellipsoids of 68 and 95 % hold the true vertex.

# %%
draw("coverage", models, held_out)

# %% [markdown]
# ## Flavour

# %%
draw("probabilities", models, held_out)

# %%
draw("predicted_classes", models, held_out)

# %% [markdown]
# ## Numbers
# Every figure of merit by flavour, over all jets and in bins, is a `Measurement`; `ndive evaluate` writes
# them as CSV.

# %%
for found in models[0].summary.measurements:
    if found.metric == "distance_mm" and not found.variable:
        print(f"{found.flavour}: {found.value:.3f} ± {found.up:.3f} mm, {found.count} fits")
