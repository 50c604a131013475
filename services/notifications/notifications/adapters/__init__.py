"""The ways out: letters by mail, comments and states into the tickets they came from."""
