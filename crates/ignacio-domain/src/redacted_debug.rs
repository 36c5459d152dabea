//! `Debug` for types that hold what users write, how to reach them, or secrets.

/// Implements `Debug` by an allow-list. Write it directly below the type:
///
/// - `redacted_debug!(Type);` prints `Type(…)`.
/// - `redacted_debug!(Type { field, … });` prints only these fields, so that a new field stays
///   hidden until it is listed.
macro_rules! redacted_debug {
    ($type:ident) => {
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.debug_struct(stringify!($type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use redacted_debug;

#[cfg(test)]
mod tests;
