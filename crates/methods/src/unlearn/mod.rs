methods! {
    unlearn finetune::Finetune first,
    unlearn gradient_ascent::GradientAscent,
    unlearn random_label::RandomLabel,
    unlearn retrain::Retrain,
    unlearn salun::SalUn first,
}
