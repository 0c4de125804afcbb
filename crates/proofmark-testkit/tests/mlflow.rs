//! The fake MLflow against answers that real servers gave, and its own promises.

#[path = "mlflow/client.rs"]
mod client;
#[path = "mlflow/recorded.rs"]
mod recorded;
#[path = "mlflow/seed.rs"]
mod seed;
#[path = "mlflow/trouble.rs"]
mod trouble;
