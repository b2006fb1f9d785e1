"""Fine-tuning of an encoder on a task of a user's own: labels in, a model folder for the graph out."""
