methods! {
    measure mia_confidence::MiaConfidence first,
}
