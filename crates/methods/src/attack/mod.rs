methods! {
    attack bim::Bim,
    attack fgsm::Fgsm first,
    attack pgd_l2::PgdL2,
    attack pgd_linf::PgdLinf first,
}
