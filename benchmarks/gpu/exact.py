"""The losses in float64 by their formulas, and the errors of other results against them."""

import torch
import torch.nn.functional as F

LOSSES = ("forward-kl+ce", "ce", "jsd:0.5")
TEMPERATURE = 2.0
BYTES_AT_ONCE = 1 << 30


class Exact:
    """Row losses of a whole batch, and some rows of the scaled gradient of their mean."""

    def __init__(self, loss, batch, gradient_rows):
        rows, classes = batch.student.shape
        self.soft = torch.zeros(rows, dtype=torch.float64)
        self.hard = torch.zeros(rows, dtype=torch.float64)
        step = max(1, BYTES_AT_ONCE // (classes * 8 * 8))
        with torch.no_grad():
            for first in range(0, rows, step):
                part = slice(first, first + step)
                soft, hard = row_losses(loss, *_double(batch, part))
                self.soft[part], self.hard[part] = soft.cpu(), hard.cpu()
            factor = scale(rows) / rows
            gradients = [gradient(loss, *_double(batch, slice(r, r + 1)))[0] * factor for r in gradient_rows]
            self.gradient = torch.stack(gradients).cpu()
        soft_weight, hard_weight = weights(loss)
        self.total = (soft_weight * self.soft + hard_weight * self.hard).mean().item()

    def gradient_errors(self, gradient):
        """The relative error of each gradient row: length of the difference over length of the row."""
        difference = gradient.to(torch.float64).cpu() - self.gradient
        return (difference.norm(dim=1) / self.gradient.norm(dim=1)).tolist()

    def total_error(self, total):
        """The relative error of the total loss."""
        return abs(total - self.total) / abs(self.total)

    def row_errors(self, loss, soft, hard):
        """The relative error of each row's weighted loss."""
        soft_weight, hard_weight = weights(loss)
        ours = soft_weight * soft.to(torch.float64) + hard_weight * hard.to(torch.float64)
        true = soft_weight * self.soft + hard_weight * self.hard
        return ((ours - true).abs() / true.abs()).tolist()


def scale(rows):
    """The factor of a compared gradient. Without it, gradients of a mean over many rows underflow in float16."""
    return min(rows, 1024)


def weights(loss):
    """Weights of the soft and of the hard loss."""
    return {"forward-kl+ce": (0.5, 0.5), "ce": (0.0, 1.0), "jsd:0.5": (1.0, 0.0)}[loss]


def _double(batch, part):
    return batch.student[part].detach().double(), batch.teacher[part].double(), batch.labels[part]


def row_losses(loss, z, u, y):
    hard = F.cross_entropy(z, y, reduction="none")
    if loss == "ce":
        return torch.zeros_like(hard), hard
    log_q, log_p = torch.log_softmax(z / TEMPERATURE, 1), torch.log_softmax(u / TEMPERATURE, 1)
    if loss == "forward-kl+ce":
        return TEMPERATURE**2 * (log_p.exp() * (log_p - log_q)).sum(1), hard
    log_m = torch.logaddexp(log_p, log_q) - torch.log(torch.tensor(2.0, dtype=z.dtype))
    divergence = 0.5 * (log_p.exp() * (log_p - log_m)).sum(1) + 0.5 * (log_q.exp() * (log_q - log_m)).sum(1)
    return TEMPERATURE**2 * divergence, torch.zeros_like(hard)


def gradient(loss, z, u, y):
    hard = torch.softmax(z, 1) - F.one_hot(y, z.shape[1])
    if loss == "ce":
        return hard
    log_q, log_p = torch.log_softmax(z / TEMPERATURE, 1), torch.log_softmax(u / TEMPERATURE, 1)
    q = log_q.exp()
    if loss == "forward-kl+ce":
        return 0.5 * TEMPERATURE * (q - log_p.exp()) + 0.5 * hard
    log_ratio = log_q - (torch.logaddexp(log_p, log_q) - torch.log(torch.tensor(2.0, dtype=z.dtype)))
    return TEMPERATURE * 0.5 * q * (log_ratio - (q * log_ratio).sum(1, keepdim=True))
