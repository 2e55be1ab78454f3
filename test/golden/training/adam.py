"""Makes adam.json: ten steps of torch.optim.Adam on a fixed linear regression, with and without gradient clipping.

Run with Debian's python3-torch: python3 adam.py > adam.json
"""
import json
import torch

torch.set_num_threads(1)
EXAMPLES, INPUTS, STEPS, LEARNING_RATE = 4, 3, 10, 0.05


def run(clip):
    # Whole numbers divided by powers of two: exact in float32, easy to make again elsewhere.
    x = torch.tensor([[((7 * i + 3 * j) % 11 - 5) / 4 for j in range(INPUTS)] for i in range(EXAMPLES)])
    y = torch.tensor([[((5 * i) % 7 - 3) / 2] for i in range(EXAMPLES)])
    weight = torch.tensor([[0.5, -0.25, 0.125]], requires_grad=True)
    bias = torch.tensor([0.0625], requires_grad=True)
    adam = torch.optim.Adam([weight, bias], lr=LEARNING_RATE)
    losses, weights = [], []
    for _ in range(STEPS):
        adam.zero_grad(set_to_none=True)
        loss = ((x @ weight.T + bias - y) ** 2).mean()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([weight, bias], clip)
        adam.step()
        losses.append(loss.item())
        weights.append(weight.flatten().tolist() + bias.tolist())
    return {"clip": clip, "losses": losses, "weights": weights}


print(json.dumps({"learning_rate": LEARNING_RATE, "runs": [run(None), run(0.25)]}, indent=1))
