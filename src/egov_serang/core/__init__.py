"""Operations as values, the descriptors that bind them to a client's mode, and the engine that carries them out."""
