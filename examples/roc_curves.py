# %% [markdown]
# # ROC curves
# How many light and c jets are rejected for each b jet kept, by the taggers that `ndive demo` trained. Run
# it where `ndive_demo` lies; Jupyter opens this file by jupytext.

# %%
import ndive
from ndive.evaluation import evaluate_models, rejection_table
from ndive.report import draw

sample = ndive.open_sample("ndive_demo/samples", job="evaluate", split="test")
held_out, models = evaluate_models(["final_ftag_base", "final_ftag_ndive"], sample, "ndive_demo/models")

# %% [markdown]
# ## Rejection against b efficiency
# The first model is the one that the others are divided by. Copies of a model (`ndive train --train_count
# 5`) are one curve with their spread.

# %%
draw("roc", models, held_out)

# %% [markdown]
# ## The discriminant behind it
# $D_b = \log\left(p_b / (f_c p_c + (1 - f_c) p_u)\right)$ with $f_c = 0.05$, and what becomes of the
# rejections with other $f_c$.

# %%
draw("discriminant", models, held_out)

# %%
draw("fraction_scan", models, held_out)

# %% [markdown]
# ## Numbers
# With one standard deviation each.

# %%
table = rejection_table([one.summary for one in models])
for row in (table.columns, *table.rows):
    print(*row, sep=" | ")
