# %% [markdown]
# # Paper plots
# The figures of arXiv:2310.12804 from the taggers that `ndive demo` trained: smaller ones on fewer jets, so
# they show the method and not its reach. Run it where `ndive_demo` lies; Jupyter opens this file by
# jupytext.

# %%
import ndive
from ndive.evaluation import evaluate_models
from ndive.report import draw

sample = ndive.open_sample("ndive_demo/samples", job="evaluate", split="test")
held_out, models = evaluate_models(["final_ftag_base", "final_ftag_ndive"], sample, "ndive_demo/models")

# %% [markdown]
# ## Inputs

# %%
draw("inputs", models, held_out)

# %% [markdown]
# ## Selection efficiency and purity
# Against the number of tracks, jet pT and decay length, in b and in c jets.

# %%
draw("selection", models, held_out)

# %% [markdown]
# ## Residuals and pulls
# Of the vertex from all tracks, from those that the network weighs, and from the true ones.

# %%
draw("residuals", models, held_out)

# %%
draw("pulls", models, held_out)

# %%
draw("pull_boxes", models, held_out)

# %%
draw("plane", models, held_out)

# %% [markdown]
# ## Tagging

# %%
draw("roc", models, held_out)

# %%
draw("discriminant", models, held_out)

# %%
draw("flavour_confusion", models, held_out)

# %% [markdown]
# ## Training

# %%
draw("losses", models, held_out)
