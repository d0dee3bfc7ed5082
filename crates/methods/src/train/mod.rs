methods! {
    tune scratch::Scratch first,
}
