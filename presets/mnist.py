"""MNIST: accuracy alone is not enough.

Handwritten digits (Y. LeCun, C. Cortes, C. J. C. Burges, http://yann.lecun.com/exdb/mnist/, CC BY-SA 3.0), 60,000
training and 10,000 test images 28×28×1 scaled to [0, 1]; the test set is used for validation. Flatten → Dense 512 relu
→ Dense 10 softmax (407,050 parameters), Adam 0.001, categorical cross-entropy on one-hot labels, 10 epochs, batch 64.
A Dropout layer with rate 0 after the hidden one changes nothing until its rate is raised.
"""

from fitmon.engine.job import Settings
from fitmon.presets.layers import build_classifier
from fitmon.presets.mnist_data import load_file, load_mnist, require_file
from fitmon.presets.preset import Preset

DEFAULTS = Settings(epochs=10, batch_size=64, learning_rate=1e-3, units=(512,), dropout=0.0)
PRESET = Preset(
    name="mnist",
    settings=DEFAULTS,
    datasets={"mnist": load_mnist},
    build=build_classifier,
    load_file=load_file,
    require_file=require_file,
)
