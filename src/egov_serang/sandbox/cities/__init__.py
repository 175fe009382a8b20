"""The cities the sandbox can be: the same contract, other catalogues, limits and signature algorithms."""
