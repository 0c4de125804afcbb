//! A client of Jenkins' remote API that starts jobs, follows the queue and waits for builds.
