"""Shows in a stock confusion matrix what a scikit-learn model makes of images that a page has, too.

    python examples/confusion_matrix.py

The digits of scikit-learn become a dataset with half of its images; a model learns from the other half, and its
predictions show in a page that has `confusionMatrix(batchPrediction('digits', store))`, beside the images in
`datasetBrowser(dataset('digits', store))`.

Needs `pip install "marcelle-rt[images]" scikit-learn`. The backend is $MARCELLE_BACKEND, or else
http://localhost:3030.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from marcelle_rt import Dataset, Predictions

pixels, digits = load_digits(return_X_y=True)
model = LogisticRegression(max_iter=1000).fit(pixels[::2] / 16, digits[::2])

dataset = Dataset(None, "digits")
if len(dataset) == 0:
    drawings = (255 - pixels[1:400:2] * 15.9).astype(np.uint8).reshape(-1, 8, 8)
    dataset.add_many(drawings, [str(digit) for digit in digits[1:400:2]])

labels = dataset.labels()  # "0" to "9", in the order of the model's classes
data = dataset.to_numpy(labels=labels)
seen = (255 - data.x[..., 0]) / 255  # a page's images have three channels, here all the same
confidences = model.predict_proba(seen.reshape(-1, 64))

with Predictions(None, "digits") as predictions:
    predictions.clear()
    predictions.write(data.ids, labels, confidences, data.y)
right = (confidences.argmax(axis=1) == data.y).mean()
print(f"{right:.0%} of {len(data.x)} are right; reload the page to see which are not")
