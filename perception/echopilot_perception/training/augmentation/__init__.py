"""Augmentation of training images: geometry, contrast of tissues, device styles, and what screens draw on images.

A whole batch at once, on the training device. There is no flip: left and right carry meaning.
"""

from echopilot_perception.training.augmentation.augment import augmented

__all__ = ["augmented"]
