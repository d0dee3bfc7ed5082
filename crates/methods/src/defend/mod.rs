methods! {
    tune pgd_at::PgdAt first,
}
