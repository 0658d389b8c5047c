"""Records a training loop of one's own: eight loudnesses are learned until eight tones sound like a chord.

    marcelle-rt backend                     # in another terminal, if you have no backend yet
    python examples/custom_loop.py [EPOCHS]

Needs nothing but the package. The backend is $MARCELLE_BACKEND, or else http://localhost:3030; without one the
run is kept in ./marcelle-logs, and `marcelle-rt upload` sends it later.
"""

from __future__ import annotations

import sys
import wave

import numpy as np

from marcelle_rt import Writer

RATE = 8000  # samples a second

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
step = 0.1

time = np.arange(RATE) / RATE
tones = np.sin(2 * np.pi * 110 * np.outer(range(1, 9), time))  # 110 Hz, 220 Hz, ...: 8 x 8000
chord = 0.4 * tones[3] + 0.3 * tones[4] + 0.2 * tones[5]
loudness = np.zeros(8)

with Writer("chord") as writer:  # an exception or Ctrl-C in here ends the run as an error
    writer.create_run(run_params={"step": step, "tones": 8})
    writer.train_begin(epochs)
    for epoch in range(1, epochs + 1):
        error = loudness @ tones - chord
        loudness -= step * 2 * tones @ error / RATE
        logs = {"loss": np.mean(error**2), "loudest": loudness.max()}

        if epoch % 20:
            writer.save_epoch(epoch, logs)
        else:  # now and then, with a file to listen to
            with wave.open("chord.wav", "wb") as file:
                file.setparams((1, 2, RATE, 0, "NONE", ""))
                file.writeframes((loudness @ tones * 2**15).astype("<i2").tobytes())
            writer.save_epoch(epoch, logs, assets=["chord.wav"])

print(f"The loss is {logs['loss']:.1e}; the run is kept in {writer.run_directory}")
