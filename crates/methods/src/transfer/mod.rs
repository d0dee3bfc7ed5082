methods! {
    tune full_finetune::FullFinetune first,
    tune linear_probe::LinearProbe,
}
