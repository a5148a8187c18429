# %% [markdown]
# # Loss plots
# The losses of the models that `ndive demo` trained, by epoch. Run it where `ndive_demo` lies; Jupyter
# opens this file by jupytext.

# %%
import ndive
from ndive.evaluation import evaluate_models
from ndive.report import draw

sample = ndive.open_sample("ndive_demo/samples", job="evaluate", split="test")
held_out, models = evaluate_models(["final_ftag_base", "final_ftag_ndive"], sample, "ndive_demo/models")

# %% [markdown]
# Total and components of all models, on the validation jets (thick) and on the training jets (thin).

# %%
draw("losses", models, held_out)

# %% [markdown]
# The same numbers, epoch by epoch.

# %%
for one in models:
    history = one.trained.history
    best = history["val_total"].argmin()
    print(f"{one.summary.name}: best of {len(history['epoch'])} epochs is {history['epoch'][best]:.0f}")
    print("  validation total", history["val_total"].round(3))
