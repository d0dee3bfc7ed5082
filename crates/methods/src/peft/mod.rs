methods! {
    peft bitfit::BitFit,
    peft lora::Lora first,
}
