methods! {
    unlearn finetune::Finetune,
    unlearn gradient_ascent::GradientAscent,
    unlearn random_label::RandomLabel,
    unlearn retrain::Retrain,
    unlearn salun::SalUn,
}
