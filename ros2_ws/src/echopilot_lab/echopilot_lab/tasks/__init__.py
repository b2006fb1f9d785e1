"""`echopilot bench tasks`: images of the applications, the comparison of encoders, and the ablation."""
