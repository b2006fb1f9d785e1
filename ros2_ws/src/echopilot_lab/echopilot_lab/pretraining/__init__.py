"""`echopilot pretrain`: what lies in a folder, as images to pre-train on, and the run."""
