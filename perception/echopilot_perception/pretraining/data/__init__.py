"""Images of pre-training: readers, the store on disk, augmentation."""
