methods! {
    attack bim::Bim,
    attack fgsm::Fgsm,
    attack pgd_l2::PgdL2,
    attack pgd_linf::PgdLinf,
}
