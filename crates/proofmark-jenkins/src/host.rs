//! What a build of Jenkins is about, from its environment alone. A pure function.
