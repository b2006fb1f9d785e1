"""`echopilot finetune`: labels of a folder, the training, and the model folder."""
