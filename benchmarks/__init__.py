"""How fast: every kernel beside the library it replaces, and every stage on a user's own file."""
