methods! {
    tune pgd_at::PgdAt first,
    tune temperature_scaling::TemperatureScaling,
}
