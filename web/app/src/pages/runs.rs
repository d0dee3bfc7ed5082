//! What was played, as a table, and the picked runs together.
