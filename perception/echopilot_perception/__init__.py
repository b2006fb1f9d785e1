"""EchoCare perception: frame readers, one small network with several heads, runtimes and measurements."""
