//! Verifies the webhooks of the model registry.
