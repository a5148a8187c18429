"""Training: configurations and presets, losses, the loop, and checkpoints to go on from."""

from ndive.training.accuracies import ACCURACY_NAMES as ACCURACY_NAMES
from ndive.training.checkpoints import BEST as BEST
from ndive.training.checkpoints import checkpoint_marks as checkpoint_marks
from ndive.training.checkpoints import checkpoint_path as checkpoint_path
from ndive.training.checkpoints import described_in as described_in
from ndive.training.checkpoints import load_checkpoint as load_checkpoint
from ndive.training.config import TrainConfig as TrainConfig
from ndive.training.directories import model_directory as model_directory
from ndive.training.directories import models_root as models_root
from ndive.training.forward import forward as forward
from ndive.training.history import Epoch as Epoch
from ndive.training.history import best_epoch as best_epoch
from ndive.training.history import read_history as read_history
from ndive.training.loop import SAVE_EVERY as SAVE_EVERY
from ndive.training.loop import Existing as Existing
from ndive.training.loop import TrainResult as TrainResult
from ndive.training.loop import train_model as train_model
from ndive.training.losses import LOSS_NAMES as LOSS_NAMES
from ndive.training.normalise import estimate_normalisation as estimate_normalisation
from ndive.training.presets import GROUPS as GROUPS
from ndive.training.presets import preset as preset
from ndive.training.progress import Notice as Notice
from ndive.training.progress import Progress as Progress
from ndive.training.reading import read_config as read_config
from ndive.training.run import train as train
from ndive.training.run import train_copies as train_copies
