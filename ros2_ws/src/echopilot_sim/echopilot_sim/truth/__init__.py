"""Ground truth of a frame; only sim, lab and the nodes of the virtual patient import it."""
