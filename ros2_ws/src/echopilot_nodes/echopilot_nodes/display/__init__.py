"""Pure parts of the node standard_topics: recent frames, outlined images, the swept aorta, the table of topics."""
