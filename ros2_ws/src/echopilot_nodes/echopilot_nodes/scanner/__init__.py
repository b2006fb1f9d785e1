"""Parts of the node `probe_source`: a clip's player, a live scanner, and an Image topic as a scanner."""
