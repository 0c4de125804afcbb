//! Files at a git revision for proofmark: object database, work tree, merge base.
