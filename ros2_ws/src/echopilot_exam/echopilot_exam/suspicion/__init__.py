"""Second looks: the exam goes back to what it found, and confirms it, withdraws it, or says why neither."""
