//! Networks: one file and one line in `nets!` for each architecture.

pub mod layers;
mod net;
mod net_kind;
mod pass;
pub mod weights;

pub use net::Net;
pub use net_kind::NetKind;
pub use pass::{BatchStatistics, Norms, Pass};

use crate::error::Result;
use crate::seed::Rng;
use crate::settings;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use layers::{Dense, Layer};
use spec::{Choice, Pick, Wrong};

macro_rules! nets {
    ($($id:literal $file:ident::$Name:ident,)*) => {
        $(mod $file; pub use $file::$Name;)*

        /// A network of any kind in the list.
        #[derive(Module, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a run holds a handful of nets")]
        pub(crate) enum Body { $($Name($Name),)* }

        impl Body {
            pub fn new(
                pick: &Pick,
                shape: [usize; 3],
                classes: usize,
                rng: &mut Rng,
                device: &Device,
            ) -> Result<Self> {
                match pick.id.as_str() {
                    $($id => {
                        let config = settings::resolve::<<$Name as NetKind>::Config>("model", &pick.params)?;
                        Ok(Self::$Name($Name::new(&config, shape, classes, rng, device)?))
                    })*
                    other => Err(Wrong::unknown("network", "model", other, [$($id),*]).into()),
                }
            }
            pub fn size(pick: &Pick, shape: [usize; 3], classes: usize) -> Result<Option<usize>> {
                match pick.id.as_str() {
                    $($id => Ok($Name::size(&settings::resolve("model", &pick.params)?, shape, classes)),)*
                    other => Err(Wrong::unknown("network", "model", other, [$($id),*]).into()),
                }
            }
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

        /// Every network with its settings, for page and command line.
        pub fn choices() -> Vec<Choice> {
            vec![$(Choice {
                id: $id.into(),
                title: $Name::TITLE.into(),
                help: $Name::HELP.into(),
                licence: String::new(),
                controls: settings::controls::<<$Name as NetKind>::Config>(),
                facts: None,
            },)*]
        }
    };
}

nets! {
    "cnn" cnn::Cnn,
    "linear" linear::Linear,
    "mlp" mlp::Mlp,
    "resnet" resnet::Resnet,
    "vit" vit::Vit,
}
