methods! {
    attack fgsm::Fgsm first,
    attack pgd::{Bim, PgdL2, PgdLinf first},
}
