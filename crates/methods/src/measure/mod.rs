methods! {
    measure mia_confidence::MiaConfidence,
}
