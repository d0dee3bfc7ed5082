methods! {
    tune scratch::Scratch,
}
