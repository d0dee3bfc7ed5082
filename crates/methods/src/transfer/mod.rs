methods! {
    tune full_finetune::FullFinetune,
    tune linear_probe::LinearProbe,
}
