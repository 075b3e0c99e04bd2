"""A small network with a hand-written gradient, because autograd would cost more than the maths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

Layer = tuple[Tensor, Tensor]


class Network:
    """Linear layers with ReLU between them; the caller provides the memory of the parameters.

    Attributes:
        layers: Weight (outputs, inputs) and bias (outputs,) of each layer.
        gradients: Gradients of the same shapes, set by `backward`.
    """

    def __init__(self, sizes: Sequence[int], parameters: Tensor, gradients: Tensor) -> None:
        """Create the network as views of two flat vectors.

        Args:
            sizes: Width of the input, of each hidden layer and of the output.
            parameters: The parameters, shape (parameter_count(sizes),).
            gradients: Their gradients, of the same shape.
        """
        self.layers = _over(parameters, sizes)
        self.gradients = _over(gradients, sizes)
        self._inputs: list[Tensor] = []

    def initialise(self, generator: torch.Generator) -> None:
        """Initialise the parameters as `torch.nn.Linear` does."""
        for weight, bias in self.layers:
            bound = 1.0 / math.sqrt(max(1, weight.shape[1]))
            for part in (weight, bias):  # Drawn on the CPU: the same numbers on every device.
                part.copy_(torch.empty(part.shape).uniform_(-bound, bound, generator=generator))

    def forward(self, batch: Tensor) -> Tensor:
        """Outputs (rows, outputs) for inputs (rows, inputs)."""
        self._inputs = [batch]
        for weight, bias in self.layers[:-1]:
            batch = torch.addmm(bias, batch, weight.t()).relu_()
            self._inputs.append(batch)
        weight, bias = self.layers[-1]
        return torch.addmm(bias, batch, weight.t())

    def backward(self, gradient: Tensor, *, inwards: bool = True) -> Tensor:
        """Set the gradients of the parameters for the batch of the last `forward`.

        Args:
            gradient: Gradient with respect to the outputs, shape (rows, outputs).
            inwards: Whether to continue to the inputs of the first layer.

        Returns:
            The gradient with respect to the inputs, shape (rows, inputs); without `inwards`, with
            respect to the first layer's outputs before ReLU.
        """
        for index in reversed(range(len(self.layers))):
            weight, (weight_gradient, bias_gradient) = self.layers[index][0], self.gradients[index]
            inputs = self._inputs[index]
            if inputs.shape[1] < gradient.shape[1]:  # The faster of the two ways.
                weight_gradient.copy_(torch.mm(inputs.t(), gradient).t())
            else:
                torch.mm(gradient.t(), inputs, out=weight_gradient)
            torch.sum(gradient, 0, out=bias_gradient)
            if index or inwards:
                gradient = torch.mm(gradient, weight)
            if index:
                gradient = torch.ops.aten.threshold_backward(gradient, inputs, 0.0)
        return gradient


def parameter_count(sizes: Sequence[int]) -> int:
    """Number of weights and biases of a network with these widths."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


def _over(flat: Tensor, sizes: Sequence[int]) -> list[Layer]:
    layers, start = [], 0
    for inputs, outputs in pairwise(sizes):
        weights = flat[start : start + inputs * outputs].view(outputs, inputs)
        start += inputs * outputs
        layers.append((weights, flat[start : start + outputs]))
        start += outputs
    return layers
