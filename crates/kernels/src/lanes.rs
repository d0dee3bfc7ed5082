//! SIMD vectors of `f32`. All intrinsics of the crate are here: AVX2, AVX-512, NEON and WebAssembly SIMD. Other
//! machines run [`Portable`].
//!
//! They are written by hand because the crate `pulp`, put in their place, doubles the time of some convolutions: its
//! vectors are structs of 16 elements, and loops over arrays of them are not always kept in registers (figures in
//! `tests/bench/README.md`). The crate `wide` chooses its instruction set at compile time and cannot take the machine's
//! best.
#![allow(clippy::missing_safety_doc, reason = "the contract is stated once, at the trait")]

/// A vector register of [`Self::N`] elements.
///
/// # Safety
/// Every operation needs the instruction set that the type belongs to, so it may only be called from within a function
/// made by [`dispatch`]. Pointers must be valid for `N` elements; they need no alignment.
pub trait Lanes: Copy {
    /// Elements of the register.
    const N: usize;
    /// The register of four elements in the same instruction set, for rows too short for this one.
    type Four: Lanes;
    /// `x` in every element.
    unsafe fn splat(x: f32) -> Self;
    /// The `N` elements at `from`.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes the `N` elements to `to`.
    unsafe fn store(self, to: *mut f32);
    /// `self + a · b`, rounded once where the instruction set has a fused multiply-add.
    unsafe fn mul_add(self, a: Self, b: Self) -> Self;
    /// `self + other`, element by element.
    unsafe fn add(self, other: Self) -> Self;
    /// `self − other`, element by element.
    unsafe fn sub(self, other: Self) -> Self;
    /// `self · other`, element by element.
    unsafe fn mul(self, other: Self) -> Self;
    /// The element-wise maximum. Where `self` is NaN, and for two zeros, it is `other`.
    unsafe fn max(self, other: Self) -> Self;
    /// Element by element: `yes` where `self > than`, else `no`, whose bits may be anything.
    unsafe fn if_greater(self, than: Self, yes: Self, no: Self) -> Self;

    /// The sum of all elements, added in their order.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let mut all = [0.0; 16];
        unsafe { self.store(all.as_mut_ptr()) };
        all[..Self::N].iter().sum()
    }
}

/// Implements [`Lanes`]: a type, its number of elements, its register of four, and its instructions: splat, load,
/// store, a · b + sum, add, sub, mul, max, if_greater.
///
/// The instructions are paths and not closures, because a closure would not inherit the instruction set of the function
/// that contains it.
macro_rules! lanes {
    ($type:ty, $n:literal, $four:ty: $splat:path, $load:path, $store:path, $fma:path, $add:path, $sub:path, $mul:path,
        $max:path, $if_greater:path) => {
        #[allow(unused_unsafe, reason = "some of the instructions are safe")]
        impl Lanes for $type {
            const N: usize = $n;
            type Four = $four;
            #[inline(always)]
            unsafe fn splat(x: f32) -> Self {
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, a: Self, b: Self) -> Self {
                unsafe { $fma(a, b, self) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                unsafe { $sub(self, other) }
            }
            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                unsafe { $mul(self, other) }
            }
            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                unsafe { $max(self, other) }
            }
            #[inline(always)]
            unsafe fn if_greater(self, than: Self, yes: Self, no: Self) -> Self {
                unsafe { $if_greater(self, than, yes, no) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use core::arch::x86_64::*;

    #[rustfmt::skip]
    lanes!(__m128, 4, Self: _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, _mm_fmadd_ps, _mm_add_ps, _mm_sub_ps, _mm_mul_ps,
        _mm_max_ps, if_greater4);
    #[rustfmt::skip]
    lanes!(__m256, 8, __m128: _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps, _mm256_add_ps,
        _mm256_sub_ps, _mm256_mul_ps, _mm256_max_ps, if_greater8);
    #[rustfmt::skip]
    lanes!(__m512, 16, __m128: _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps, _mm512_add_ps,
        _mm512_sub_ps, _mm512_mul_ps, _mm512_max_ps, if_greater16);

    #[inline(always)]
    unsafe fn if_greater4(a: __m128, than: __m128, yes: __m128, no: __m128) -> __m128 {
        unsafe { _mm_blendv_ps(no, yes, _mm_cmpgt_ps(a, than)) }
    }
    #[inline(always)]
    unsafe fn if_greater8(a: __m256, than: __m256, yes: __m256, no: __m256) -> __m256 {
        unsafe { _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_GT_OQ>(a, than)) }
    }
    #[inline(always)]
    unsafe fn if_greater16(a: __m512, than: __m512, yes: __m512, no: __m512) -> __m512 {
        unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, than), no, yes) }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Lanes;
    use core::arch::aarch64::*;

    #[rustfmt::skip]
    lanes!(float32x4_t, 4, Self: vdupq_n_f32, vld1q_f32, vst1q_f32, fma, vaddq_f32, vsubq_f32, vmulq_f32, max,
        if_greater);

    #[inline(always)]
    unsafe fn fma(a: float32x4_t, b: float32x4_t, sum: float32x4_t) -> float32x4_t {
        unsafe { vfmaq_f32(sum, a, b) }
    }
    /// NEON's own maximum is NaN wherever one of the two is.
    #[inline(always)]
    unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { if_greater(a, b, a, b) }
    }
    #[inline(always)]
    unsafe fn if_greater(a: float32x4_t, than: float32x4_t, yes: float32x4_t, no: float32x4_t) -> float32x4_t {
        unsafe { vbslq_f32(vcgtq_f32(a, than), yes, no) }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use super::Lanes;
    use core::arch::wasm32::*;

    /// Two instructions: baseline SIMD128 has no fused multiply-add. Relaxed SIMD has one.
    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn fma(a: v128, b: v128, sum: v128) -> v128 {
        f32x4_add(sum, f32x4_mul(a, b))
    }
    #[cfg(target_feature = "relaxed-simd")]
    use f32x4_relaxed_madd as fma;

    #[rustfmt::skip]
    lanes!(v128, 4, Self: f32x4_splat, load, store, fma, f32x4_add, f32x4_sub, f32x4_mul, max, if_greater);

    /// One instruction, with the NaN behaviour of the x86 maximum.
    #[inline(always)]
    fn max(a: v128, b: v128) -> v128 {
        f32x4_pmax(b, a)
    }
    #[inline(always)]
    fn if_greater(a: v128, than: v128, yes: v128, no: v128) -> v128 {
        v128_bitselect(yes, no, f32x4_gt(a, than))
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> v128 {
        unsafe { v128_load(from.cast()) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, value: v128) {
        unsafe { v128_store(to.cast(), value) }
    }
}

/// Four elements in an array, without intrinsics, for machines whose vectors are not known here.
#[derive(Clone, Copy)]
pub struct Portable([f32; 4]);

impl Portable {
    #[inline(always)]
    fn of(f: impl Fn(usize) -> f32) -> Self {
        Self(core::array::from_fn(f))
    }
    #[inline(always)]
    fn splat_(x: f32) -> Self {
        Self([x; 4])
    }
    #[inline(always)]
    unsafe fn load_(from: *const f32) -> Self {
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store_(to: *mut f32, value: Self) {
        unsafe { to.cast::<[f32; 4]>().write_unaligned(value.0) }
    }
    #[inline(always)]
    fn fma_(a: Self, b: Self, sum: Self) -> Self {
        Self::of(|i| sum.0[i] + a.0[i] * b.0[i])
    }
    #[inline(always)]
    fn add_(a: Self, b: Self) -> Self {
        Self::of(|i| a.0[i] + b.0[i])
    }
    #[inline(always)]
    fn sub_(a: Self, b: Self) -> Self {
        Self::of(|i| a.0[i] - b.0[i])
    }
    #[inline(always)]
    fn mul_(a: Self, b: Self) -> Self {
        Self::of(|i| a.0[i] * b.0[i])
    }
    #[inline(always)]
    fn max_(a: Self, b: Self) -> Self {
        Self::of(|i| if a.0[i] > b.0[i] { a.0[i] } else { b.0[i] })
    }
    #[inline(always)]
    fn if_greater_(a: Self, than: Self, yes: Self, no: Self) -> Self {
        Self::of(|i| if a.0[i] > than.0[i] { yes.0[i] } else { no.0[i] })
    }
}

#[rustfmt::skip]
lanes!(Portable, 4, Self: Portable::splat_, Portable::load_, Portable::store_, Portable::fma_, Portable::add_,
    Portable::sub_, Portable::mul_, Portable::max_, Portable::if_greater_);

/// The instruction sets that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512F with AVX-512VL, AVX2 and FMA: 16 elements.
    Avx512,
    /// AVX2 and FMA: 8 elements.
    Avx2,
    /// Arm's NEON, which every 64-bit Arm machine has: 4 elements.
    Neon,
    /// WebAssembly SIMD: 4 elements.
    Simd128,
    /// No intrinsics: 4 elements, vectorised as the compiler sees fit.
    Portable,
}

/// The best instruction set of this machine; detected once.
pub fn isa() -> Isa {
    #[cfg(target_arch = "x86_64")]
    {
        use std::sync::OnceLock;
        static FOUND: OnceLock<Isa> = OnceLock::new();
        *FOUND.get_or_init(|| {
            if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512vl") {
                Isa::Avx512
            } else if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
                Isa::Avx2
            } else {
                Isa::Portable
            }
        })
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    {
        Isa::Simd128
    }
    #[cfg(target_arch = "aarch64")]
    {
        Isa::Neon
    }
    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        all(target_arch = "wasm32", target_feature = "simd128")
    )))]
    {
        Isa::Portable
    }
}

impl Isa {
    /// Elements of one vector.
    pub fn lanes(self) -> usize {
        match self {
            Self::Avx512 => 16,
            Self::Avx2 => 8,
            Self::Neon | Self::Simd128 | Self::Portable => 4,
        }
    }
}

/// `dispatch!(pub fn name(x: &[f32]) -> f32 = name_impl);` defines `name`, which takes an [`Isa`] before its arguments
/// and calls `name_impl::<V>` compiled for that instruction set. `name_impl` must be `#[inline(always)] unsafe fn` over
/// `V: Lanes`. The caller must pass an instruction set that the machine has.
#[macro_export]
macro_rules! dispatch {
    (
        $(#[$doc:meta])*
        $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $kernel:ident $(,)?
    ) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name(isa: $crate::lanes::Isa, $($arg: $type),*) $(-> $out)? {
            use $crate::lanes::Isa;
            #[cfg(target_arch = "x86_64")]
            use core::arch::x86_64::{__m256, __m512};
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
            unsafe fn avx512($($arg: $type),*) $(-> $out)? {
                unsafe { $kernel::<__m512>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $type),*) $(-> $out)? {
                unsafe { $kernel::<__m256>($($arg),*) }
            }
            match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => unsafe { avx2($($arg),*) },
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => unsafe { $kernel::<core::arch::aarch64::float32x4_t>($($arg),*) },
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
                Isa::Simd128 => unsafe { $kernel::<core::arch::wasm32::v128>($($arg),*) },
                _ => unsafe { $kernel::<$crate::lanes::Portable>($($arg),*) },
            }
        }
    };
}
pub use dispatch;
