"""Training tools of the controller: its statistics of view poses, its priors and the rates of its acceptance criteria.

Each module measures on virtual patients of the training and validation ranges; `echopilot tune` runs them.
"""
