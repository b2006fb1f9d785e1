"""The tree of labels: regions, organs, views and states."""
