//! Networks: one file and one line in `nets!` for each architecture.

mod doubled;
mod entry;
pub mod layers;
mod net;
mod net_kind;
mod pass;
pub mod weights;

pub use entry::{NetEntry, choices, find};
pub use net::Net;
pub use net_kind::NetKind;
pub use pass::{BatchStatistics, Cost, Norms, Pass};

use crate::settings;
use burn::module::Module;
use burn::tensor::Tensor;
use layers::{Dense, Layer};

macro_rules! nets {
    ($($id:literal $file:ident::$Name:ident,)*) => {
        $(mod $file; pub use $file::$Name;)*

        /// A network of any kind in the list.
        #[derive(Module, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a run holds a handful of nets")]
        pub(crate) enum Body { $($Name($Name),)* }

        impl Body {
            pub fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
                match self { $(Self::$Name(net) => net.forward(x, pass),)* }
            }
            pub fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>)) {
                match self { $(Self::$Name(net) => net.layers(visit),)* }
            }
            pub fn head(&mut self) -> &mut Dense {
                match self { $(Self::$Name(net) => net.head(),)* }
            }
        }

        static NETS: &[NetEntry] = &[$(NetEntry {
            id: $id,
            choice: || $Name::choice($id),
            make: |pick, shape, classes, rng, device| {
                let config = settings::resolve("model", &pick.params)?;
                Ok(Body::$Name($Name::new(&config, shape, classes, rng, device)?))
            },
            size: |pick, shape, classes| Ok($Name::size(&settings::resolve("model", &pick.params)?, shape, classes)),
        },)*];
    };
}

nets! {
    "cnn" cnn::Cnn,
    "linear" linear::Linear,
    "mlp" mlp::Mlp,
    "resnet" resnet::Resnet,
    "vit" vit::Vit,
}
