"""The model that the README's program leaves to its user: softmax regression on four clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

num_epochs = 10

_MOMENTUM = {"adam": 0.9, "sgd": 0.0, "rmsprop": 0.5}
_TRAINED_ON = 300
_CLASSES = 4


class Softmax:
    """A linear model, trained by gradient steps with momentum."""

    def __init__(self, lr: float, batch_size: int, momentum: float) -> None:
        random = np.random.default_rng(0)
        self.labels = np.arange(400) % _CLASSES
        centers = random.normal(size=(_CLASSES, 8))
        self.points = centers[self.labels] + random.normal(size=(400, 8))
        self.weights = np.zeros((8, _CLASSES))
        self.velocity = np.zeros((8, _CLASSES))
        self.lr, self.batch_size, self.momentum = lr, batch_size, momentum

    def probabilities(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = np.exp(points @ self.weights)
        result: NDArray[np.float64] = scores / scores.sum(axis=1, keepdims=True)
        return result


def create_model(lr: float, batch_size: int, optimizer: str) -> Softmax:
    return Softmax(lr, batch_size, _MOMENTUM[optimizer])


def train_epoch(model: Softmax) -> tuple[float, float]:
    """Train one epoch on the training points and return loss and accuracy on the others."""
    for start in range(0, _TRAINED_ON, model.batch_size):
        batch = slice(start, min(start + model.batch_size, _TRAINED_ON))
        points, labels = model.points[batch], model.labels[batch]
        errors = model.probabilities(points) - np.eye(_CLASSES)[labels]
        gradient = points.T @ errors / len(points)
        model.velocity = model.momentum * model.velocity - model.lr * gradient
        model.weights += model.velocity
    held_out, labels = model.points[_TRAINED_ON:], model.labels[_TRAINED_ON:]
    probabilities = model.probabilities(held_out)
    loss = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
    # numpy's own scalars, as in real training code.
    return loss, (probabilities.argmax(axis=1) == labels).mean()
