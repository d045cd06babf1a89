"""Train: start a training and watch it."""
