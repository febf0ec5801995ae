//! The rules of the house, as tests: what the compiler does not check. Each finding names the file
//! and the line, then says how to mend it. Nothing here runs the project's own code.

#[cfg(test)]
mod source;

#[cfg(test)]
mod edges;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod names;
#[cfg(test)]
mod places;
#[cfg(test)]
mod purity;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod told;
#[cfg(test)]
mod words;
